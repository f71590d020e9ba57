// A small picture of an item, for people.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace burin::data {

struct Thumbnail {
  int width = 0, height = 0;
  std::vector<uint8_t> jpeg;  // a whole file
};

// Shrunk to `side` pixels at most, its shape kept; small items stay as they are. Errors are those
// of loading the item.
Result<Thumbnail> make_thumbnail(const Dataset& dataset, int64_t item, int side);

}  // namespace burin::data
