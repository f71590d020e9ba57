// Cuts a nest into tiles and emits the loops around its register tiles.
#include "lower/kernels/nest.h"

#include <algorithm>

#include "base/check.h"
#include "base/checked.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;
using loop::Elem;
using loop::Value;

int64_t joined_by_sums(const Nest& nest) {
  int64_t joined = 1;
  if (nest.sums.empty()) return joined;
  for (size_t i = nest.outer.size(); i-- > 0 && nest.sums[0].strides[i] == 0;) {
    joined *= nest.outer[i].extent;
  }
  return joined;
}

namespace {

uint32_t active_rows(int64_t start, int64_t rows, const Tap& tap, int64_t t) {
  uint32_t mask = 0;
  for (int64_t r = 0; r < rows; ++r) {
    if (tap.size == 0 || tap.reads(start + r, t)) mask |= 1u << r;
  }
  return mask;
}

std::vector<TapRun> tap_runs(int64_t start, int64_t rows, const Tap& tap) {
  std::vector<TapRun> runs;
  for (int64_t t = 0; t < tap.extent; ++t) {
    uint32_t mask = active_rows(start, rows, tap, t);
    if (mask == 0) continue;
    bool extends =
        !runs.empty() && runs.back().rows == mask && runs.back().first + runs.back().count == t;
    if (extends) {
      ++runs.back().count;
    } else {
      runs.push_back({t, 1, mask});
    }
  }
  return runs;
}

bool same_runs(const std::vector<TapRun>& a, const std::vector<TapRun>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const TapRun& x, const TapRun& y) {
    return x.first == y.first && x.count == y.count && x.rows == y.rows;
  });
}

int64_t outer_count(const Nest& nest) {
  int64_t count = 1;
  for (const OuterAxis& axis : nest.outer) count *= axis.extent;
  return count;
}

struct Blocks {
  int64_t outer, m, panels;
  int64_t held = 1;  // of rows, in one tile of the plan
  int64_t rows() const { return outer * m; }
};

Blocks count_blocks(const Nest& nest, const Schedule& s) {
  Blocks blocks = {ceil_div(outer_count(nest), s.outer_block),
                   ceil_div(ceil_div(nest.m, s.rows), s.m_block),
                   ceil_div(split_panels(nest.n, s.vectors * nest.lanes).count(), s.panel_block)};
  if (nest.sums.empty()) return blocks;
  blocks.held = blocks.m * std::max<int64_t>(joined_by_sums(nest) / s.outer_block, 1);
  return blocks;
}

// Emits the loops; holds what they know at each depth.
class NestEmitter {
 public:
  NestEmitter(Builder& b, const Nest& nest, const Schedule& schedule, Value tile,
              const std::function<void(const MicroTile&)>& micro)
      : b_(b), nest_(nest), s_(schedule), tile_(tile), micro_(micro) {
    segments_ = split_rows(nest.m, s_.rows, nest.m_tap);
    index_.resize(nest.outer.size());
  }

  void emit() {
    Blocks blocks = count_blocks(nest_, s_);
    if (nest_.sums.empty()) return emit_block(blocks, place(blocks));
    Value held = b_.index(blocks.held), sums = b_.index(blocks.rows() / blocks.held);
    Value first = b_.mul(b_.rem(tile_, sums), held), panel = b_.div(tile_, sums);
    for_range(b_, b_.index(0), held, [&](Value i) {
      Value row = b_.add(first, i);
      emit_block(blocks, {b_.div(row, b_.index(blocks.m)), b_.rem(row, b_.index(blocks.m)), panel});
    });
  }

 private:
  using Range = std::pair<Value, Value>;

  struct Place {
    Value outer, m, panel;
  };

  void emit_block(const Blocks& blocks, const Place& at) {
    int64_t m_tiles = ceil_div(nest_.m, s_.rows);
    Panels panels = split_panels(nest_.n, s_.vectors * nest_.lanes);
    m_range_ = even_range(at.m, blocks.m, s_.m_block, m_tiles);
    outer_range_ = block_range(at.outer, blocks.outer, s_.outer_block, outer_count(nest_));
    auto [first, last] = block_range(at.panel, blocks.panels, s_.panel_block, panels.count());
    emit_panels(panels, first, last, blocks.panels == 1);
  }

  // Where a tile of the plan lies. Rows of the result (outer axes and m) run fastest, then panels;
  // both within one half of the rows at a time: threads that share the tiles in the middle then
  // read what they wrote themselves in the kernel before.
  Place place(const Blocks& blocks) {
    int64_t rows = blocks.rows();
    int64_t size = rows % 2 == 0 && blocks.panels > 1 ? rows / 2 : rows;
    Value row = b_.rem(tile_, b_.index(size)), rest = b_.div(tile_, b_.index(size));
    Value panel = blocks.panels == 1 ? b_.index(0) : rest;
    if (size < rows) {
      panel = b_.rem(rest, b_.index(blocks.panels));
      row = b_.add(row, b_.mul(b_.div(rest, b_.index(blocks.panels)), b_.index(size)));
    }
    return {b_.div(row, b_.index(blocks.m)), b_.rem(row, b_.index(blocks.m)), panel};
  }

  Range block_range(Value block, int64_t blocks, int64_t size, int64_t total) {
    if (blocks == 1) return {b_.index(0), b_.index(total)};
    Value lo = b_.mul(block, b_.index(size));
    return {lo, b_.min(b_.add(lo, b_.index(size)), b_.index(total))};
  }

  // The same in blocks of nearly one size, the smaller ones first: of an odd number of blocks the
  // first half has one more. Not for outer indices: sums begin with their blocks.
  Range even_range(Value block, int64_t blocks, int64_t size, int64_t total) {
    if (blocks == 1 || total % size == 0) return block_range(block, blocks, size, total);
    auto begin = [&](Value i) { return b_.div(b_.mul(i, b_.index(total)), b_.index(blocks)); };
    return {begin(block), begin(b_.add(block, b_.index(1)))};
  }

  void emit_panels(const Panels& panels, Value first, Value last, bool all) {
    int64_t width = s_.vectors * nest_.lanes;
    if (panels.full > 0) {
      for_range(b_, first, b_.min(last, b_.index(panels.full)),
                [&](Value p) { emit_panel(b_.mul(p, b_.index(width)), s_.vectors, 0); });
    }
    if (panels.rest == 0) return;
    auto narrow = [&] {
      emit_panel(b_.index(panels.full * width), ceil_div(panels.rest, nest_.lanes),
                 panels.rest % nest_.lanes);
    };
    all ? narrow() : b_.branch(b_.cmp_gt(last, b_.index(panels.full)), narrow);
  }

  void emit_panel(Value n_start, int64_t vectors, int64_t last_lanes) {
    n_start_ = n_start;
    vectors_ = vectors;
    mask_ = {};
    if (last_lanes > 0) mask_ = b_.first_n({Elem::m32, nest_.lanes}, b_.index(last_lanes));
    for_range(b_, outer_range_.first, outer_range_.second, [&](Value i) { emit_outer(i); });
  }

  // The sums of the panel, before the first of their points.
  void clear_sums() {
    std::vector<Value> index = index_;
    index.push_back(b_.index(0));
    index.push_back(n_start_);
    std::vector<Value> places = emit_bases(b_, nest_.sums, index);
    auto clear = [&] {
      for (Value place : places) {
        for (int64_t v = 0; v < vectors_; ++v) {
          Value zero = b_.bits({Elem::f32, nest_.lanes}, 0);
          Value mask = v + 1 == vectors_ ? mask_ : Value{};
          b_.store(zero, {place, {}, 1, v * nest_.lanes * kF32Bytes}, mask);
        }
      }
    };
    Value first;  // whether all indices along the axes that are summed over are 0
    int64_t start = 0;
    if (!b_.is_index_constant(m_range_.first, &start)) {
      first = b_.cmp_eq(m_range_.first, b_.index(0));
    }
    for (size_t i = 0; i < index_.size(); ++i) {
      if (nest_.outer[i].extent == 1 || nest_.sums[0].strides[i] != 0) continue;
      Value zero = b_.cmp_eq(index_[i], b_.index(0));
      first = first.valid() ? b_.bit_and(first, zero) : zero;
    }
    first.valid() ? b_.branch(first, clear) : clear();
  }

  void emit_outer(Value linear) {
    row_ = linear;
    size_t outermost = 0;
    while (outermost + 1 < nest_.outer.size() && nest_.outer[outermost].extent == 1) ++outermost;
    Value lhs = b_.mul(n_start_, b_.index(nest_.lhs_n_stride));
    Value rhs = b_.mul(n_start_, b_.index(nest_.rhs_n_stride));
    for (size_t i = nest_.outer.size(); i-- > 0;) {
      const OuterAxis& axis = nest_.outer[i];
      Value extent = b_.index(axis.extent);
      index_[i] = axis.extent == 1 ? b_.index(0) : i == outermost ? linear : b_.rem(linear, extent);
      if (i > outermost && axis.extent != 1) linear = b_.div(linear, extent);
      lhs = b_.add(lhs, b_.mul(index_[i], b_.index(axis.lhs_stride)));
      rhs = b_.add(rhs, b_.mul(index_[i], b_.index(axis.rhs_stride)));
    }
    if (!nest_.sums.empty() && nest_.begins_sums) clear_sums();
    Value lhs_row = address(nest_.lhs, lhs);
    Value rhs_row = nest_.rhs.pointer < 0 ? Value{} : address(nest_.rhs, rhs);
    std::vector<Range> ranges;
    for (const Tap& tap : nest_.taps) ranges.push_back(tap_range(tap));
    for (const Segment& segment : segments_) emit_segment(segment, lhs_row, rhs_row, ranges);
  }

  Value address(const View& view, Value elements) {
    return b_.offset(
        {b_.pointer(view.pointer), elements, static_cast<int>(kF32Bytes), view.offset * kF32Bytes});
  }

  // The taps that read inside the input: 0 <= o * step + t * dilation - low < size.
  Range tap_range(const Tap& tap) {
    if (tap.axis < 0) return {b_.index(0), b_.index(tap.extent)};
    Value start = b_.mul(index_[static_cast<size_t>(tap.axis)], b_.index(tap.step));
    Value zero = b_.index(0), dilation = b_.index(tap.dilation);
    Value before = b_.max(b_.sub(b_.index(tap.low), start), zero);
    Value lo = b_.div(b_.add(before, b_.index(tap.dilation - 1)), dilation);
    Value room = b_.sub(b_.index(tap.size - 1 + tap.low + tap.dilation), start);
    return {lo, b_.min(b_.div(b_.max(room, zero), dilation), b_.index(tap.extent))};
  }

  void emit_segment(const Segment& segment, Value lhs, Value rhs,
                    const std::vector<Range>& ranges) {
    Value lo = b_.max(m_range_.first, b_.index(segment.first_tile));
    Value hi = b_.min(m_range_.second, b_.index(segment.first_tile + segment.tiles));
    for_range(b_, lo, hi, [&](Value i) {
      Value m_start = b_.add(b_.mul(i, b_.index(segment.rows)),
                             b_.index(segment.start - segment.first_tile * segment.rows));
      int64_t row = nest_.packed ? vectors_ * nest_.lanes : nest_.rhs_row;
      MicroTile tile{nest_, segment, vectors_, row, mask_, {}, rhs, index_, ranges, {}, {}, {}};
      Value each = b_.index(ceil_div(nest_.m, s_.rows));
      tile.position =
          b_.add(b_.mul(b_.sub(row_, outer_range_.first), each), b_.sub(i, m_range_.first));
      Value number = b_.add(b_.mul(row_, each), i);  // over outer axes and m
      tile.lhs =
          nest_.lhs_tile > 0
              ? address(nest_.lhs, b_.mul(number, b_.index(nest_.lhs_tile)))
              : b_.offset({lhs, b_.mul(m_start, b_.index(nest_.lhs_m_stride)), kF32Bytes, 0});
      tile.index.push_back(m_start);
      tile.index.push_back(n_start_);
      micro_(tile);
    });
  }

  Builder& b_;
  const Nest& nest_;
  const Schedule& s_;
  Value tile_;
  const std::function<void(const MicroTile&)>& micro_;
  std::vector<Segment> segments_;
  std::vector<Value> index_;  // of the outer axes
  Range m_range_, outer_range_;
  Value n_start_, mask_, row_;
  int64_t vectors_ = 1;
};

}  // namespace

std::vector<Segment> split_rows(int64_t m, int64_t rows, const Tap& tap) {
  int64_t tiles = ceil_div(m, rows), size = m / tiles, larger = m % tiles;
  std::vector<Segment> segments;
  if (tap.size == 0) {  // the rows do not differ but in number
    auto add = [&](int64_t first, int64_t count, int64_t start, int64_t rows_here) {
      if (count == 0) return;
      segments.push_back({first, count, start, rows_here, tap_runs(start, rows_here, tap)});
    };
    add(0, larger, 0, size + 1);
    add(larger, tiles - larger, larger * (size + 1), size);
    return segments;
  }
  int64_t start = 0;
  for (int64_t i = 0; i < tiles; ++i) {
    Segment s{i, 1, start, size + (i < larger), {}};
    start += s.rows;
    s.runs = tap_runs(s.start, s.rows, tap);
    if (!segments.empty() && segments.back().rows == s.rows &&
        same_runs(segments.back().runs, s.runs)) {
      ++segments.back().tiles;
    } else {
      segments.push_back(std::move(s));
    }
  }
  return segments;
}

Panels split_panels(int64_t n, int64_t width) { return {n / width, n % width}; }

Schedule align_to_sums(const Nest& nest, Schedule s) {
  int64_t joined = joined_by_sums(nest);
  if (s.outer_block >= joined) {
    s.outer_block = round_up(s.outer_block, joined);
  } else {
    while (joined % s.outer_block != 0) --s.outer_block;
  }
  return s;
}

int64_t tile_count(const Nest& nest, const Schedule& schedule) {
  Blocks blocks = count_blocks(nest, schedule);
  return blocks.rows() / blocks.held * blocks.panels;
}

void for_range(Builder& b, Value lo, Value hi, const std::function<void(Value)>& body) {
  int64_t first = 0, last = 0;
  bool known = b.is_index_constant(lo, &first) && b.is_index_constant(hi, &last);
  if (known && first >= last) return;
  if (known && first + 1 == last) return body(lo);
  b.loop(lo, hi, 1, body);
}

void emit_nest(Builder& b, const Nest& nest, const Schedule& schedule,
               const std::function<void(const MicroTile&)>& micro) {
  emit_nest_tile(b, nest, schedule, b.tile(), micro);
}

void emit_nest_tile(Builder& b, const Nest& nest, const Schedule& schedule, Value tile,
                    const std::function<void(const MicroTile&)>& micro) {
  NestEmitter(b, nest, schedule, tile, micro).emit();
}

std::optional<std::string> refuse_vectors(const Nest& nest, const loop::Machine& machine) {
  int axis = static_cast<int>(nest.outer.size()) + 1;
  if (lanes_for(nest.epilogue, nest.outputs, axis, machine) < nest.lanes) {
    return "the work fused behind it has no vectors along the channels";
  }
  if (nest.n % nest.lanes != 0 && !can_mask(nest.epilogue, nest.outputs, machine)) {
    return "its channels are no multiple of a vector and this machine cannot mask their dtype";
  }
  return std::nullopt;
}

}  // namespace burin::lower
