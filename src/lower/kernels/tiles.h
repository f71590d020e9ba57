// How an iteration space is divided into tiles: the axes before the split are enumerated, the split
// axis is cut into chunks, the axes behind it run whole inside a tile. The division depends on
// shapes only.
#pragma once

#include <vector>

#include "loop/builder.h"
#include "tensor/shape.h"

namespace burin::lower {

struct Range {
  loop::Value lo, hi;   // i64 scalars
  bool single = false;  // hi is lo + 1
};

struct TilePlan {
  Dims sizes;
  size_t axis = 0;    // the axis that is cut
  int64_t chunk = 1;  // of that axis, per tile
  int64_t tiles = 1;

  // The part of each axis that tile b.tile() covers.
  std::vector<Range> emit(loop::Builder& b) const;
};

// Tiles of a plan that are enough for several threads to share.
inline constexpr int64_t kEnoughTiles = 8;
// The most tiles that copying rows is divided into.
inline constexpr int64_t kMostCopyTiles = 64;
// The least work of a tile of elementwise kernels, in operations.
inline constexpr double kTileWork = 32 << 10;
// About the most tiles of such a kernel: handing one out takes as long as some lines of memory.
inline constexpr double kMostMapTiles = 512;

// A chunk of an axis of `size`, cut once for each of the `before` indices of the axes in front of
// it. Few tiles whose number is odd leave one of two threads waiting: `chunk`, or one that is
// smaller by some steps, at least half of it, where that makes their number even.
int64_t share_evenly(int64_t size, int64_t chunk, int64_t step, int64_t before);

// Tiles of at least `least` units of work where there is as much, and not many more than
// kMostMapTiles; one point of the space is `work` units. Chunks of `vector_axis` are multiples of
// `vector`.
TilePlan plan_tiles(const Dims& sizes, double work, double least, int vector_axis, int64_t vector);

}  // namespace burin::lower
