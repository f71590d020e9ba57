// Stratified: each class is shuffled and cut by itself.
#include "data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/shuffle.h"

namespace burin::data {

std::vector<int64_t> all_items(const Dataset& dataset) {
  std::vector<int64_t> items(static_cast<size_t>(dataset.size()));
  std::iota(items.begin(), items.end(), 0);
  return items;
}

Result<Split> split_items(const Dataset& dataset, double share, uint64_t seed) {
  if (!(share >= 0 && share < 1)) {
    return fail("split", fmt::format("cannot hold out a share of {}", share), "0 to below 1");
  }
  std::vector<std::vector<int64_t>> classes(dataset.classes().size());
  for (int64_t item : all_items(dataset)) {
    classes[static_cast<size_t>(dataset.label(item))].push_back(item);
  }
  Split split;
  for (size_t c = 0; c < classes.size(); ++c) {
    std::vector<int64_t>& items = classes[c];
    Rng rng = rng_of({seed, c});
    shuffle(items, rng);
    auto n = static_cast<int64_t>(items.size());
    int64_t most = std::max<int64_t>(n - 1, 0), least = std::min<int64_t>(share > 0, most);
    auto held = std::clamp<int64_t>(std::llround(share * static_cast<double>(n)), least, most);
    split.held_out.insert(split.held_out.end(), items.begin(), items.begin() + held);
    split.train.insert(split.train.end(), items.begin() + held, items.end());
  }
  std::ranges::sort(split.train), std::ranges::sort(split.held_out);
  return split;
}

std::string class_balance(const Dataset& dataset, std::span<const int64_t> items) {
  constexpr size_t kShown = 10;
  std::vector<int64_t> counts(dataset.classes().size());
  for (int64_t item : items) ++counts[static_cast<size_t>(dataset.label(item))];
  std::string text;
  double total = std::max<double>(1, static_cast<double>(items.size()));
  for (size_t c = 0; c < std::min(counts.size(), kShown); ++c) {
    text += fmt::format("{}{} {} ({:.1f} %)", c ? ", " : "", dataset.classes()[c], counts[c],
                        100.0 * static_cast<double>(counts[c]) / total);
  }
  if (counts.size() > kShown) text += fmt::format(" and {} more classes", counts.size() - kShown);
  return text;
}

}  // namespace burin::data
