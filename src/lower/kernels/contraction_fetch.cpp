// What the register tiles of a contraction without weights fetch before it is needed: the lines
// that their epilogues read and write, and the rows of the left side that the next tile reads.
#include <optional>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

constexpr int64_t kStepsPerFetch = 64;  // of k: fewer do not hide what their epilogue waits for
constexpr int kRowScale = 8;  // Contraction::prefetch: as many rows as are fetched at most

// The bytes of a row that are fetched, from its first element on, and whether lines begin there.
struct RowBytes {
  int64_t stride = 0, width = 0;
  bool aligned = false;
};

// Nothing where the rows do not lie as a register tile's do.
std::optional<RowBytes> row_bytes(const View& view, const MicroTile& tile) {
  int64_t stride = view.strides.end()[-2] * kF32Bytes;
  if (stride == 0 || view.strides.back() != 1 || size_of(view.dtype) != kF32Bytes) return {};
  int64_t width = tile.vectors * tile.nest.lanes * kF32Bytes;
  bool aligned = (width | view.offset * kF32Bytes) % kLineBytes == 0;
  for (size_t i = 0; i + 1 < view.strides.size(); ++i) {
    aligned = aligned && view.strides[i] * kF32Bytes % kLineBytes == 0;
  }
  return RowBytes{stride, width, aligned};
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

EpilogueFetch::EpilogueFetch(Builder& b, const MicroTile& tile, bool ahead)
    : b_(b), tile_(tile), first_(ahead ? tile.segment.rows : 0) {
  for (const std::vector<View>* views : {&tile.nest.epilogue.views, &tile.nest.outputs}) {
    std::vector<Value> bases = emit_bases(b, *views, tile.index);
    for (size_t i = 0; i < bases.size(); ++i) {
      if (row_bytes((*views)[i], tile)) rows_.push_back({bases[i], &(*views)[i]});
    }
  }
}

void EpilogueFetch::all() {
  for (int64_t r = 0; r < tile_.segment.rows; ++r) row(r);
}

void EpilogueFetch::row(int64_t r) {
  for (auto [base, view] : rows_) {
    RowBytes bytes = *row_bytes(*view, tile_);
    fetch({base, {}, 1, (first_ + r) * bytes.stride}, *view);
  }
}

void EpilogueFetch::row(Value r) {
  for (auto [base, view] : rows_) {
    RowBytes bytes = *row_bytes(*view, tile_);
    fetch({b_.offset({base, b_.mul(r, b_.index(bytes.stride)), 1, first_ * bytes.stride})}, *view);
  }
}

void EpilogueFetch::fetch(const loop::Address& row, const View& view) {
  RowBytes bytes = *row_bytes(view, tile_);
  for (int64_t at = 0; at < bytes.width; at += kLineBytes) b_.prefetch(row.plus(at));
  if (!bytes.aligned) b_.prefetch(row.plus(bytes.width - kF32Bytes));
}

}  // namespace burin::lower
