// What the register tiles of a contraction without weights fetch before it is needed: the lines
// that their epilogues read and write, and the rows of the left side that the next tile reads.
#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

constexpr int64_t kStepsPerFetch = 64;  // of k: fewer do not hide what their epilogue waits for
constexpr int kRowScale = 8;  // Contraction::prefetch: as many rows as are fetched at most

// The lines of a view that the epilogue of a register tile touches, whose rows begin with `first`.
void fetch_view(Builder& b, const View& view, Value base, const MicroTile& tile, int64_t first) {
  int64_t m_stride = view.strides.end()[-2] * kF32Bytes;
  int64_t width = tile.vectors * tile.nest.lanes * kF32Bytes;
  if (m_stride == 0 || view.strides.back() != 1 || size_of(view.dtype) != kF32Bytes) return;
  for (int64_t r = first; r < first + tile.segment.rows; ++r) {
    for (int64_t at = 0; at < width; at += kLineBytes) b.prefetch({base, {}, 1, r * m_stride + at});
    b.prefetch({base, {}, 1, r * m_stride + width - kF32Bytes});
  }
}

}  // namespace

void plan_fetches(Contraction& c, const Schedule& schedule) {
  const Nest& nest = c.nest;
  if (c.weights || has_window(c)) return;
  c.fetches_epilogue = c.k >= kStepsPerFetch || !nest.sums.empty();
  c.fetches_ahead = c.k < kStepsPerFetch;
  bool adjoin = c.lhs_k_stride == 1 && nest.lhs_m_stride == c.k;
  c.fetches_rows = adjoin && c.prefetch == 0;
  if (!c.fetches_rows) return;
  c.prefetch = kRowScale;
  c.fetch_groups = ceil_div(schedule.rows, int64_t{kRowScale});
}

void fetch_for_epilogue(Builder& b, const MicroTile& tile, bool ahead) {
  int64_t first = ahead ? tile.segment.rows : 0;
  for (const std::vector<View>* views : {&tile.nest.epilogue.views, &tile.nest.outputs}) {
    std::vector<Value> bases = emit_bases(b, *views, tile.index);
    for (size_t i = 0; i < bases.size(); ++i) fetch_view(b, (*views)[i], bases[i], tile, first);
  }
}

}  // namespace burin::lower
