// The register tile of a window kernel.
#include <algorithm>
#include <map>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/reduction.h"
#include "lower/kernels/window.h"

namespace burin::lower {

using loop::Address;
using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

class WindowEmitter {
 public:
  WindowEmitter(Builder& b, const Window& w, bool keep_weights, const MicroTile& tile)
      : b_(b), w_(w), keep_weights_(keep_weights), tile_(tile), type_{w.elem, w.nest.lanes} {
    Value start = emit_identity(b, w.reduce.value_or(graph::ReduceKind::sum),
                                w.elem == Elem::f32 ? DType::f32 : DType::i32, w.nest.lanes);
    acc_.assign(static_cast<size_t>(tile.segment.rows * tile.vectors), start);
    if (w.made) bases_ = emit_bases(b, w.made->views, {&tile.index.back(), 1});
    // The inputs along the row, by their distance, and the positions and taps that read them.
    for (const TapRun& run : tile.segment.runs) {
      for (int64_t t = run.first; t < run.first + run.count; ++t) {
        for (int64_t r = 0; r < tile.segment.rows; ++r) {
          if (!(run.rows >> r & 1)) continue;
          columns_[r * w.nest.lhs_m_stride + t * w.nest.m_tap.lhs_stride].push_back({r, t});
        }
      }
    }
  }

  std::vector<Value> emit() {
    taps(0, tile_.lhs, tile_.rhs);
    return acc_;
  }

 private:
  struct Use {
    int64_t row, tap;
  };

  // What the position one further along the outermost axis of taps reads for the first time. Each
  // trip of the loop over its taps fetches a share of the columns, beside those that it reads.
  void fetch_next_row(int64_t column, int64_t offset) {
    const Tap& tap = w_.nest.taps[0];
    if (!share_.valid() || column >= shared_columns()) return;
    int64_t rows = tap.lhs_stride / tap.dilation;
    for (int64_t t = 0; t < tap.step; ++t) {
      int64_t ahead = ((tap.extent - 1) * tap.dilation + 1 + t) * rows;
      b_.prefetch({share_, {}, 1, (ahead + offset) * kF32Bytes});
    }
  }

  int64_t shared_columns() const {
    return ceil_div(static_cast<int64_t>(columns_.size()), w_.nest.taps[0].extent);
  }

  void taps(size_t depth, Value lhs, Value rhs) {
    if (depth == w_.nest.taps.size()) return row(lhs, rhs);
    const Tap& tap = w_.nest.taps[depth];
    auto [lo, hi] = tile_.ranges[depth];
    std::vector<Value> init = acc_;
    acc_ = b_.loop(lo, hi, 1, init, [&](Value t, std::span<const Value> carried) {
      acc_.assign(carried.begin(), carried.end());
      if (w_.fetches && columns_.size() > 1) {
        int64_t pixel = std::next(columns_.begin())->first - columns_.begin()->first;
        share_ = advance(tile_.lhs, t, shared_columns() * pixel);
      }
      taps(depth + 1, advance(lhs, t, tap.lhs_stride),
           rhs.valid() ? advance(rhs, t, tap.rhs_rows * tile_.rhs_row) : rhs);
      return acc_;
    });
  }

  Value advance(Value base, Value count, int64_t stride) {
    return b_.offset({base, b_.mul(count, b_.index(stride)), kF32Bytes, 0});
  }

  Value load(Value base, int64_t elements, int64_t v) {
    Value mask = v + 1 == tile_.vectors ? tile_.mask : Value{};
    return b_.load(type_, {base, {}, 1, (elements + v * w_.nest.lanes) * kF32Bytes}, mask);
  }

  Value input(Value lhs, int64_t elements, int64_t v) {
    Value x = load(lhs, elements, v);
    if (!w_.made) return x;
    Point point{.index = {&tile_.index.back(), 1}, .extra = {v * w_.nest.lanes}, .lane_axis = 0};
    point.lanes = w_.nest.lanes;
    point.mask = v + 1 == tile_.vectors ? tile_.mask : Value{};
    point.bases = bases_;
    return emit_expr(b_, *w_.made, point, {&x, 1})[0];
  }

  Value weight(Value rhs, int64_t tap, int64_t v) {
    return load(rhs, tap * w_.nest.m_tap.rhs_rows * tile_.rhs_row, v);
  }

  // One row of the window for all positions of the tile.
  void row(Value lhs, Value rhs) {
    std::vector<Value> weights;
    if (rhs.valid() && keep_weights_) {
      for (int64_t t = 0; t < w_.nest.m_tap.extent; ++t) {
        for (int64_t v = 0; v < tile_.vectors; ++v) weights.push_back(weight(rhs, t, v));
      }
    }
    int64_t column = 0;
    for (const auto& [offset, uses] : columns_) {
      for (int64_t v = 0; v < tile_.vectors; ++v) {
        Value x = input(lhs, offset, v);
        fetch_next_row(column, offset + v * w_.nest.lanes);
        for (const Use& use : uses) {
          Value& acc = acc_[static_cast<size_t>(use.row * tile_.vectors + v)];
          if (w_.reduce) {
            acc = emit_combine(b_, *w_.reduce, acc, x);
            continue;
          }
          Value w = keep_weights_ ? weights[static_cast<size_t>(use.tap * tile_.vectors + v)]
                                  : weight(rhs, use.tap, v);
          acc = w_.elem == Elem::f32 ? b_.fma(x, w, acc) : b_.add(acc, b_.mul(x, w));
        }
      }
      ++column;
    }
  }

  Builder& b_;
  const Window& w_;
  bool keep_weights_;
  const MicroTile& tile_;
  Type type_;
  std::vector<Value> acc_;                       // [row][vector]
  std::vector<Value> bases_;                     // of what inputs are made of
  Value share_;                                  // the input at which a trip's share begins
  std::map<int64_t, std::vector<Use>> columns_;  // by offset in elements
};

}  // namespace

namespace {

// So many vectors of the tile, from the `first`.
MicroTile some_vectors(Builder& b, const MicroTile& tile, int64_t first, int64_t count) {
  MicroTile part = tile;
  int64_t channels = first * tile.nest.lanes;
  part.vectors = count;
  if (first + count < tile.vectors) part.mask = {};
  part.lhs = b.offset({tile.lhs, {}, 1, channels * kF32Bytes});
  if (tile.rhs.valid()) part.rhs = b.offset({tile.rhs, {}, 1, channels * kF32Bytes});
  part.index.back() = b.add(tile.index.back(), b.index(channels));
  return part;
}

}  // namespace

void emit_window_tile(Builder& b, const Window& w, const WindowTile& form, const MicroTile& tile) {
  for (int64_t v = 0; v < tile.vectors; v += form.at_once) {
    MicroTile part = some_vectors(b, tile, v, std::min(form.at_once, tile.vectors - v));
    if (w.fetches_epilogue) EpilogueFetch(b, part, true).all();
    std::vector<Value> acc = WindowEmitter(b, w, form.weights_in_registers, part).emit();
    emit_epilogue(b, part, acc);
  }
}

}  // namespace burin::lower
