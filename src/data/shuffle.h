// Random orders, and seeds that depend on what they are for.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "base/rng.h"

namespace burin::data {

// Fisher and Yates's shuffle.
inline void shuffle(std::vector<int64_t>& items, Rng& rng) {
  for (size_t n = items.size(); n > 1; --n) {
    std::swap(items[n - 1], items[static_cast<size_t>(rng.below(static_cast<int64_t>(n)))]);
  }
}

// A generator of its own for each tuple, whatever other tuples are used, in whatever order.
inline Rng rng_of(std::initializer_list<uint64_t> parts) {
  uint64_t state = 0;
  for (uint64_t part : parts) state = Rng(state ^ part).next();
  return Rng(state);
}

}  // namespace burin::data
