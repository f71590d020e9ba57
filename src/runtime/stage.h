// The tiles of a kernel, or some of them, as threads share them, and which of them may run ahead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/checked.h"

namespace burin::runtime {

// Tiles from here on belong to share `share`, or to one behind it.
constexpr int64_t share_begin(int64_t tiles, int64_t share, int64_t shares) {
  return ceil_div(tiles * share, shares);
}

struct TileRange {
  int64_t first = 0, count = 0;
  int64_t end() const { return first + count; }
};

// Of a share's tiles those from `first` on, `count` of them, may run when all shares have done all
// stages but the last `lag` in front of this one, and their own share all. They run first.
struct EarlyTiles {
  int64_t first = 0;  // from the share's begin
  int64_t count = 0;
  int64_t lag = 0;
};

struct Stage {
  size_t step = 0;                     // of a program, for whom it may concern
  std::vector<TileRange> shares = {};  // by share, which do not overlap
  std::vector<EarlyTiles> early = {};  // by share; none: no tile is early

  int64_t tiles() const {
    int64_t sum = 0;
    for (const TileRange& share : shares) sum += share.count;
    return sum;
  }
};

// The one tile of a step, for share `share`.
inline Stage make_single_stage(size_t step, int64_t share, int64_t shares) {
  Stage stage{step, std::vector<TileRange>(static_cast<size_t>(shares))};
  stage.shares[static_cast<size_t>(share)].count = 1;
  return stage;
}

// The `slice`-th of `slices` pieces of what each share has of all of a step's tiles. Every other
// share begins with its last piece, so that neighbours come to the border between them in the same
// turn.
inline Stage make_stage(size_t step, int64_t tiles, int64_t shares, int64_t slice = 0,
                        int64_t slices = 1) {
  Stage stage{step};
  for (int64_t share = 0; share < shares; ++share) {
    int64_t begin = share_begin(tiles, share, shares);
    int64_t count = share_begin(tiles, share + 1, shares) - begin;
    int64_t piece = share % 2 == 0 ? slice : slices - 1 - slice;
    int64_t first = share_begin(count, piece, slices);
    stage.shares.push_back({begin + first, share_begin(count, piece + 1, slices) - first});
  }
  return stage;
}

}  // namespace burin::runtime
