// The register tile of a contraction: accumulators in registers over the whole of k.
#include <algorithm>
#include <bit>
#include <optional>

#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Address;
using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

// Without a loop up to this many: what narrow vectors need of them would crowd out decoded code.
constexpr int64_t kStraightFmasPerLane = 40;

class ContractionEmitter {
 public:
  ContractionEmitter(Builder& b, const Contraction& c, const MicroTile& tile)
      : b_(b), c_(c), tile_(tile), vector_{c.elem, c.nest.lanes} {
    auto count = static_cast<size_t>(tile.segment.rows * tile.vectors);
    acc_ = tile.sums;
    if (acc_.empty()) acc_.assign(count, b.bits(vector_, 0));
    if (c.fetches_epilogue) fetch_.emplace(b, tile, c.fetches_ahead);
    if (fetch_ && fetch_->empty()) fetch_.reset();
  }

  std::vector<Value> emit() {
    Value ahead = tile_.ahead;
    if (c_.fetches_rows) {
      ahead = b_.offset({tile_.lhs, {}, 1, tile_.segment.rows * c_.k * kF32Bytes});
    } else if (c_.prefetch > 0 && !ahead.valid()) {
      ahead = next_panel();
    }
    taps(0, tile_.lhs, tile_.rhs, ahead);
    return acc_;
  }

 private:
  // Where this tile's share of the next panel begins: the tiles of a panel together fetch the whole
  // of the next one, each a part while it walks through its own.
  Value next_panel() {
    int64_t rows = c_.k * c_.nest.m_tap.extent;
    for (const Tap& tap : c_.nest.taps) rows *= tap.extent;
    int64_t panel = rows * tile_.rhs_row * kF32Bytes, share = rows * c_.prefetch * kF32Bytes;
    Value part = b_.min(tile_.position, b_.index(std::max<int64_t>(panel / share - 1, 0)));
    return b_.offset({tile_.rhs, b_.mul(part, b_.index(share)), 1, panel});
  }

  // Loops over the taps along outer axes from `depth` inwards.
  void taps(size_t depth, Value lhs, Value rhs, Value ahead) {
    if (depth == c_.nest.taps.size()) return runs(lhs, rhs, ahead);
    const Tap& tap = c_.nest.taps[depth];
    auto [lo, hi] = tile_.ranges[depth];
    repeat(lo, hi, [&](Value t) {
      taps(depth + 1, advance(lhs, t, tap.lhs_stride),
           advance(rhs, t, tap.rhs_rows * tile_.rhs_row),
           advance(ahead, t, tap.rhs_rows * c_.prefetch));
    });
  }

  // Each run of taps along m; taps whose inputs adjoin are one longer k.
  void runs(Value lhs, Value rhs, Value ahead) {
    const Tap& tap = c_.nest.m_tap;
    bool adjoin = tap.lhs_stride == c_.k * c_.lhs_k_stride;
    for (const TapRun& run : tile_.segment.runs) {
      rows_ = run.rows;
      int64_t rhs_tap = tap.rhs_rows * tile_.rhs_row;
      Address x{lhs, {}, 1, run.first * tap.lhs_stride * kF32Bytes};
      Address w{rhs, {}, 1, run.first * rhs_tap * kF32Bytes};
      ahead_ = {ahead, {}, 1, run.first * tap.rhs_rows * c_.prefetch * kF32Bytes};
      if (adjoin || run.count == 1) {
        steps(x, w, run.count * c_.k, c_.lhs_k_stride);
      } else if (c_.k == 1) {
        steps(x, w, run.count, tap.lhs_stride);
      } else {
        repeat(b_.index(0), b_.index(run.count), [&](Value t) {
          steps({advance(lhs, t, tap.lhs_stride), {}, 1, x.disp},
                {advance(rhs, t, rhs_tap), {}, 1, w.disp}, c_.k, c_.lhs_k_stride);
        });
      }
    }
  }

  Value advance(Value base, Value count, int64_t stride) {
    if (!base.valid()) return base;
    return b_.offset({base, b_.mul(count, b_.index(stride)), kF32Bytes, 0});
  }

  // A loop that carries the accumulators; none if it runs once.
  void repeat(Value lo, Value hi, const std::function<void(Value)>& body) {
    int64_t first = 0, last = 0;
    if (b_.is_index_constant(lo, &first) && b_.is_index_constant(hi, &last) && last - first == 1) {
      return body(lo);
    }
    std::vector<Value> init = acc_;
    acc_ = b_.loop(lo, hi, 1, init, [&](Value i, std::span<const Value> carried) {
      acc_.assign(carried.begin(), carried.end());
      body(i);
      return acc_;
    });
  }

  // `count` steps of k: lhs advances by `stride` elements, rhs by one row.
  void steps(const Address& lhs, const Address& rhs, int64_t count, int64_t stride) {
    int64_t fmas = std::popcount(rows_) * tile_.vectors;
    bool straight = fmas * count <= kStraightFmasPerLane * c_.nest.lanes;
    int64_t looped = straight ? 0 : count / kContractionUnroll * kContractionUnroll;
    int64_t lhs_step = stride * kF32Bytes, rhs_step = tile_.rhs_row * kF32Bytes;
    int64_t rows = tile_.segment.rows, row_steps = looped / rows;
    row_steps -= row_steps % kContractionUnroll;
    bool no_loop = looped == 0;
    Address x = lhs, w = rhs;
    if (fetch_ && row_steps > 0 && lhs_step != 0) {
      fetch_row_by_row(x, w, row_steps, lhs_step, rhs_step);
      looped -= rows * row_steps, count -= rows * row_steps;
    } else if (fetch_ && looped > 0) {
      fetch_->all();
    }
    if (looped > 0) loop_steps(x, w, looped, lhs_step, rhs_step);
    for (int64_t k = looped; k < count; ++k) {
      if (no_loop) {
        prefetch_step(k, lhs_step);
        for (int64_t r = 0; fetch_ && r < rows; ++r) {
          if (r * count / rows == k) fetch_->row(r);
        }
      }
      step(x.plus(k * lhs_step), w.plus(k * rhs_step));
    }
  }

  // `row_steps` steps of k for each row of the tile, before which what the epilogue needs of that
  // row is fetched: all at once would hold up what the sums load. Moves x and w behind them.
  void fetch_row_by_row(Address& x, Address& w, int64_t row_steps, int64_t lhs_step,
                        int64_t rhs_step) {
    std::vector<Value> init = {x.base, w.base};
    init.insert(init.end(), acc_.begin(), acc_.end());
    Address ahead = ahead_;
    Value rows = b_.index(tile_.segment.rows);
    std::vector<Value> last =
        b_.loop(b_.index(0), rows, 1, init, [&](Value r, std::span<const Value> carried) {
          acc_.assign(carried.begin() + 2, carried.end());
          fetch_->row(r);
          if (ahead.base.valid()) ahead_.base = advance(ahead.base, r, row_steps * c_.prefetch);
          loop_steps({carried[0], {}, 1, x.disp}, {carried[1], {}, 1, w.disp}, row_steps, lhs_step,
                     rhs_step);
          std::vector<Value> yields = {b_.offset({carried[0], {}, 1, row_steps * lhs_step}),
                                       b_.offset({carried[1], {}, 1, row_steps * rhs_step})};
          yields.insert(yields.end(), acc_.begin(), acc_.end());
          return yields;
        });
    x.base = last[0], w.base = last[1];
    acc_.assign(last.begin() + 2, last.end());
    if (ahead.base.valid()) {
      ahead_ = ahead.plus(tile_.segment.rows * row_steps * c_.prefetch * kF32Bytes);
    }
  }

  void loop_steps(const Address& lhs, const Address& rhs, int64_t count, int64_t lhs_step,
                  int64_t rhs_step) {
    int64_t pace = lhs_step == 0 ? 1 : lhs_step;  // of the loop, for each step
    // Only the active rows are carried, behind the addresses of weights and inputs.
    std::vector<Value> init = {rhs.base};
    if (c_.carries_lhs) init.push_back(lhs.base);
    size_t addresses = init.size();
    for (size_t i : active()) init.push_back(acc_[i]);
    auto body = [&](Value at, std::span<const Value> carried) {
      size_t next = addresses;
      for (size_t i : active()) acc_[i] = carried[next++];
      prefetch(at, lhs_step);
      fetch_weights({carried[0], tile_.fetch, 1, rhs.disp});
      Address x{lhs.base, lhs_step == 0 ? Value{} : at, 1, lhs.disp};  // 0: one element all along
      if (c_.carries_lhs) x = {carried[1], {}, 1, lhs.disp};
      for (int64_t u = 0; u < kContractionUnroll; ++u) {
        step(x.plus(u * lhs_step), {carried[0], {}, 1, rhs.disp + u * rhs_step});
      }
      std::vector<Value> yields = {b_.offset({carried[0], {}, 1, kContractionUnroll * rhs_step})};
      if (c_.carries_lhs)
        yields.push_back(b_.offset({carried[1], {}, 1, kContractionUnroll * lhs_step}));
      for (size_t i : active()) yields.push_back(acc_[i]);
      return yields;
    };
    std::vector<Value> last =
        b_.loop(b_.index(0), b_.index(count * pace), kContractionUnroll * pace, init, body);
    size_t next = addresses;
    for (size_t i : active()) acc_[i] = last[next++];
  }

  // The lines of the next panel that belong to one trip of the loop.
  void prefetch(Value at, int64_t lhs_step) {
    if (!ahead_.base.valid() || lhs_step != kF32Bytes) return;
    int64_t group = c_.k * kF32Bytes * c_.prefetch;
    for (int64_t first = 0; first < c_.fetch_groups * group; first += group) {
      for (int64_t line = 0; line < kContractionUnroll * kF32Bytes * c_.prefetch;
           line += kLineBytes) {
        b_.prefetch({ahead_.base, at, c_.prefetch, ahead_.disp + first + line});
      }
    }
  }

  void fetch_weights(const Address& at) {
    if (!at.index.valid()) return;
    for (int64_t i = 0; i < c_.fetch_lines; ++i) b_.prefetch(at.plus(i * kLineBytes));
  }

  // As `prefetch`, where steps follow one another without a loop.
  void prefetch_step(int64_t k, int64_t lhs_step) {
    int64_t bytes = k * kF32Bytes * c_.prefetch;
    if (!ahead_.base.valid() || lhs_step != kF32Bytes || bytes % kLineBytes != 0) return;
    for (int64_t g = 0; g < c_.fetch_groups; ++g) {
      b_.prefetch(ahead_.plus(bytes + g * c_.k * kF32Bytes * c_.prefetch));
    }
  }

  std::vector<size_t> active() const {
    std::vector<size_t> indices;
    for (size_t i = 0; i < acc_.size(); ++i) {
      if (rows_ >> (i / static_cast<size_t>(tile_.vectors)) & 1) indices.push_back(i);
    }
    return indices;
  }

  // One k: the vectors of weights are loaded once, each row's input is splat once.
  void step(const Address& lhs, const Address& rhs) {
    std::vector<Value> w;
    for (int64_t v = 0; v < tile_.vectors; ++v) {
      bool masked = v + 1 == tile_.vectors && !c_.nest.packed;
      w.push_back(
          b_.load(vector_, rhs.plus(v * c_.nest.lanes * kF32Bytes), masked ? tile_.mask : Value{}));
    }
    for (int64_t r = 0; r < tile_.segment.rows; ++r) {
      if (!(rows_ >> r & 1)) continue;
      Value x = b_.load_splat(vector_, lhs.plus(r * c_.nest.lhs_m_stride * kF32Bytes));
      for (int64_t v = 0; v < tile_.vectors; ++v) {
        Value& acc = acc_[static_cast<size_t>(r * tile_.vectors + v)];
        Value weight = w[static_cast<size_t>(v)];
        acc = c_.elem == Elem::f32 ? b_.fma(x, weight, acc) : b_.add(acc, b_.mul(x, weight));
      }
    }
  }

  Builder& b_;
  const Contraction& c_;
  const MicroTile& tile_;
  Type vector_;
  uint32_t rows_ = 0;  // active in the current run of taps
  std::optional<EpilogueFetch> fetch_;
  Address ahead_;           // of the next panel, for the current run; no base if none
  std::vector<Value> acc_;  // [row][vector]
};

}  // namespace

void emit_contraction_tile(Builder& b, const Contraction& c, const MicroTile& tile) {
  std::vector<Value> acc = ContractionEmitter(b, c, tile).emit();
  emit_epilogue(b, tile, acc);
}

}  // namespace burin::lower
