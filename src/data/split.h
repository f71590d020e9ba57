// Dividing a data set's items for training and for validation, and saying how classes are spread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace burin::data {

// Item numbers, each list in ascending order.
struct Split {
  std::vector<int64_t> train, held_out;
};

std::vector<int64_t> all_items(const Dataset& dataset);

// Holds out `share` (0 to below 1) of each class, rounded, drawn by `seed`; a class keeps at least
// one item for training and, if it has two and share > 0, at least one held out.
Result<Split> split_items(const Dataset& dataset, double share, uint64_t seed);

// "cat 7500 (50.0 %), dog 7500 (50.0 %)"; of many classes the first ten and how many more.
std::string class_balance(const Dataset& dataset, std::span<const int64_t> items);

}  // namespace burin::data
