// The loops around a register tile, shared by the kernels that compute `rows` positions times some
// vectors of channels at a time: which part of the result a tile of the plan covers, where padding
// cuts the window, and which variants of the register tile the borders need.
#pragma once

#include <functional>
#include <vector>

#include "lower/kernels/views.h"

namespace burin::lower {

// The result is seen as outer axes, then m (positions that one register tile covers several of),
// then n (channels, the lanes of vectors). Strides count f32 elements.
struct OuterAxis {
  int64_t extent = 1;
  int64_t lhs_stride = 0;
  int64_t rhs_stride = 0;
};

// An axis of the window. Tap t of position o reads position o * step + t * dilation - low of an
// axis of `size` elements; what lies outside adds nothing.
struct Tap {
  int64_t extent = 1;
  int64_t lhs_stride = 0;  // per tap
  int64_t rhs_rows = 0;    // rows of the weights per tap
  int axis = -1;           // the outer axis of o, if some tap lies outside for some o
  int64_t step = 1, dilation = 1, low = 0, size = 0;

  bool reads(int64_t position, int64_t tap) const {
    int64_t at = position * step + tap * dilation - low;
    return at >= 0 && at < size;
  }
};

struct Nest {
  std::vector<OuterAxis> outer;
  std::vector<Tap> taps;  // over outer axes
  Tap m_tap;              // over m; its `size` is 0 if no tap ever lies outside
  int64_t m = 1, n = 1;
  int64_t lhs_m_stride = 0, lhs_n_stride = 0, rhs_n_stride = 0;
  // Where the left side is packed: its elements per register tile. One lies behind the other, over
  // outer axes and m, and the strides above count within one. Else 0.
  int64_t lhs_tile = 0;
  bool packed = true;   // the weights' rows are as wide as the panel and padded with zeros;
  int64_t rhs_row = 0;  // else elements per row
  View lhs, rhs;        // pointer and offset only; rhs.pointer < 0 without weights
  Expr epilogue;        // over outer axes, m, n
  std::vector<View> outputs;
  // Stores past the caches what its outputs say. Products do not: they hide what they write, and
  // would wait for it there.
  bool streams = false;
  std::vector<View> sums;  // as DenseJob's
  bool begins_sums = true;
  uint16_t lanes = 1;
};

// How the nest is cut: register tiles of up to `rows` by `vectors`, and how many outer indices,
// register tiles along m (at most: what they make is cut evenly) and panels (of `vectors` vectors)
// make one tile of the plan.
struct Schedule {
  int64_t rows = 1, vectors = 1;
  int64_t outer_block = 1, m_block = 1, panel_block = 1;
};

// Consecutive taps along m that read inside the input for the same rows of a register tile.
struct TapRun {
  int64_t first = 0, count = 1;
  uint32_t rows = 0;  // bit r: row r
};

// Consecutive register tiles along m with the same code.
struct Segment {
  int64_t first_tile = 0, tiles = 0;
  int64_t start = 0;  // position of the first row
  int64_t rows = 1;
  std::vector<TapRun> runs;
};

// Covers m by tiles of at most `rows`, sizes differing by at most one.
std::vector<Segment> split_rows(int64_t m, int64_t rows, const Tap& tap);

// Panels of `width` channels that cover n; the last may be narrower.
struct Panels {
  int64_t full = 0, rest = 0;  // full panels; channels of the narrower one
  int64_t count() const { return full + (rest > 0); }
};
Panels split_panels(int64_t n, int64_t width);

// One register tile, as handed to the code that fills it.
struct MicroTile {
  const Nest& nest;
  const Segment& segment;
  int64_t vectors = 1;
  int64_t rhs_row = 0;             // elements
  loop::Value mask;                // of the last vector; invalid if it is full
  loop::Value lhs, rhs;            // addresses for tap 0 of the first row and channel
  std::vector<loop::Value> index;  // outer axes, m, n of the first row and channel
  std::vector<std::pair<loop::Value, loop::Value>> ranges;  // of `nest.taps`, [lo, hi)
  loop::Value position;  // which register tile of its panel and tile of the plan this is
  loop::Value ahead;     // invalid, or the address of what it fetches for later
  loop::Value fetch;     // invalid, or how many bytes behind its weights it fetches more
  std::vector<loop::Value> sums = {};  // what its accumulators begin with; empty: zero
};

// How many outer indices add to the same sums; 1 if none do.
int64_t joined_by_sums(const Nest& nest);
// The schedule with blocks of outer axes that share no sums, or all of them. A tile of the plan is
// then several such blocks: all that add to the same sums.
Schedule align_to_sums(const Nest& nest, Schedule schedule);

int64_t tile_count(const Nest& nest, const Schedule& schedule);
// Emits the loops of one tile of the plan; `micro` emits each variant of the register tile.
void emit_nest(loop::Builder& b, const Nest& nest, const Schedule& schedule,
               const std::function<void(const MicroTile&)>& micro);
// The same for the tile of that number.
void emit_nest_tile(loop::Builder& b, const Nest& nest, const Schedule& schedule, loop::Value tile,
                    const std::function<void(const MicroTile&)>& micro);

// Calls `body` for lo, lo + 1, ... below hi; without a loop if that is known to be once or never.
void for_range(loop::Builder& b, loop::Value lo, loop::Value hi,
               const std::function<void(loop::Value)>& body);

// Runs the epilogue on the accumulators acc[row * vectors + vector], stores the results and adds to
// the sums.
void emit_epilogue(loop::Builder& b, const MicroTile& tile, std::span<const loop::Value> acc);

// Why the epilogue and outputs cannot be computed in vectors along n; nothing if they can.
std::optional<std::string> refuse_vectors(const Nest& nest, const loop::Machine& machine);

}  // namespace burin::lower
