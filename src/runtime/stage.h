// The tiles of a kernel as threads share them, and which of them may run ahead.
#pragma once

#include <cstdint>
#include <vector>

#include "base/checked.h"

namespace burin::runtime {

// Tiles from here on belong to share `share`, or to one behind it.
constexpr int64_t share_begin(int64_t tiles, int64_t share, int64_t shares) {
  return ceil_div(tiles * share, shares);
}

// Of a share's tiles those from `first` on, `count` of them, may run when all shares have done all
// stages but the last `lag` in front of this one, and their own share all. They run first.
struct EarlyTiles {
  int64_t first = 0;  // from the share's begin
  int64_t count = 0;
  int64_t lag = 0;
};

struct Stage {
  int64_t tiles = 0;
  std::vector<EarlyTiles> early = {};  // by share; none: no tile is early
};

}  // namespace burin::runtime
