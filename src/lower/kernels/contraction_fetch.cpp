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

EpilogueFetch::EpilogueFetch(Builder& b, const MicroTile& tile, bool ahead)
    : b_(b), tile_(tile), first_(ahead ? tile.segment.rows : 0) {
  for (const std::vector<View>* views : {&tile.nest.epilogue.views, &tile.nest.outputs}) {
    std::vector<Value> bases = emit_bases(b, *views, tile.index);
    for (size_t i = 0; i < bases.size(); ++i) add((*views)[i], bases[i]);
  }
}

// Nothing where the rows do not lie as a register tile's do.
void EpilogueFetch::add(const View& view, Value first) {
  Rows rows{first, view.strides.end()[-2] * kF32Bytes};
  if (rows.stride == 0 || view.strides.back() != 1 || size_of(view.dtype) != kF32Bytes) return;
  rows.width = tile_.vectors * tile_.nest.lanes * kF32Bytes;
  rows.aligned = (rows.width | view.offset * kF32Bytes) % kLineBytes == 0;
  for (size_t i = 0; i + 1 < view.strides.size(); ++i) {
    rows.aligned = rows.aligned && view.strides[i] * kF32Bytes % kLineBytes == 0;
  }
  rows_.push_back(rows);
}

void EpilogueFetch::all() {
  for (int64_t r = 0; r < tile_.segment.rows; ++r) row(r);
}

void EpilogueFetch::row(int64_t r) {
  for (const Rows& rows : rows_) fetch(rows, {rows.first, {}, 1, (first_ + r) * rows.stride});
}

void EpilogueFetch::row(Value r) {
  for (const Rows& rows : rows_) {
    Value at = b_.mul(r, b_.index(rows.stride));
    fetch(rows, {b_.offset({rows.first, at, 1, first_ * rows.stride})});
  }
}

void EpilogueFetch::fetch(const Rows& rows, const loop::Address& row) {
  for (int64_t at = 0; at < rows.width; at += kLineBytes) b_.prefetch(row.plus(at));
  if (!rows.aligned) b_.prefetch(row.plus(rows.width - kF32Bytes));
}

}  // namespace burin::lower
