// The packed right-hand side, written by a kernel from a view.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;
using loop::Elem;
using loop::Value;

namespace {

constexpr int64_t kRowsAtOnce = 16, kMostViewParts = 64;  // of a view
// Of a panel whose columns' lines all share a set of the first-level cache.
constexpr int64_t kColumnsAtOnce = kWays;

// Packs a view while the network runs.
class ViewPacker {
 public:
  ViewPacker(Builder& b, const Contraction& c, const PackedLayout& layout, int64_t lanes)
      : b_(b), c_(c), layout_(layout), lanes_(lanes), from_(c.rhs) {
    from_.pointer = 0;
    index_.assign(c.rhs_sizes.size(), b.index(0));
  }

  // The rows [first, last) of all panels of an outer block.
  void emit(Value block, Value first, Value last) {
    first_ = first, last_ = last;
    size_t outer = c_.nest.outer.size();
    Value rest = block;
    for (size_t i = outer; i-- > 0;) {
      if (c_.rhs_sizes[i] == 1) continue;
      index_[i] = b_.rem(rest, b_.index(c_.rhs_sizes[i]));
      rest = b_.div(rest, b_.index(c_.rhs_sizes[i]));
    }
    Value to = b_.mul(block, b_.index(layout_.block));
    Panels panels = split_panels(c_.nest.n, layout_.width);
    Value width = b_.index(layout_.width), size = b_.index(layout_.width * layout_.rows);
    for_range(b_, b_.index(0), b_.index(panels.full), [&](Value panel) {
      copy_panel(b_.mul(panel, width), b_.add(to, b_.mul(panel, size)), layout_.width);
    });
    if (panels.rest == 0) return;
    Value full = b_.index(panels.full);
    copy_panel(b_.mul(full, width), b_.add(to, b_.mul(full, size)), panels.rest);
  }

 private:
  // `count` channels from `n` on, to the panel that begins at `to`.
  void copy_panel(Value n, Value to, int64_t count) {
    int64_t width = std::min(layout_.width, round_up(count, lanes_));
    bool stay = rows_that_stay(std::abs(from_.strides.back()) * kF32Bytes) > kColumnsAtOnce;
    if (!lies_apart() || stay) return copy_columns(n, to, count, width, width);
    Value columns = b_.index(kColumnsAtOnce), whole = b_.index(count / kColumnsAtOnce);
    for_range(b_, b_.index(0), whole, [&](Value group) {
      Value first = b_.mul(group, columns);
      copy_columns(b_.add(n, first), b_.add(to, first), kColumnsAtOnce, kColumnsAtOnce, width);
    });
    int64_t done = count / kColumnsAtOnce * kColumnsAtOnce;
    Value rest = b_.index(done);
    if (done < width) {
      copy_columns(b_.add(n, rest), b_.add(to, rest), count - done, width - done, width);
    }
  }

  bool lies_apart() const { return from_.strides.back() != 1 && from_.strides.back() != 0; }

  // `count` channels from `n` on, as `padded`, to rows of `width` that begin at `to`.
  void copy_columns(Value n, Value to, int64_t count, int64_t padded, int64_t width) {
    for_range(b_, first_, last_, [&](Value row) {
      Value at = b_.add(to, b_.mul(row, b_.index(width)));
      for (size_t i = index_.size() - 1; i-- > c_.nest.outer.size();) {
        if (c_.rhs_sizes[i] == 1) continue;
        Value size = b_.index(c_.rhs_sizes[i]);
        index_[i] = i == c_.nest.outer.size() ? row : b_.rem(row, size);
        row = b_.div(row, size);
      }
      index_.back() = n;
      copy_row(emit_bases(b_, {&from_, 1}, index_)[0], at, count, padded);
    });
  }

  // Lanes that lie apart are copied one by one, which takes less time than to gather them.
  void copy_row(Value from, Value at, int64_t count, int64_t width) {
    bool apart = lies_apart();
    Point point;
    point.index = index_;
    point.extra.assign(index_.size(), 0);
    point.lane_axis = static_cast<int>(index_.size()) - 1;
    point.lanes = static_cast<uint16_t>(apart ? 1 : lanes_);
    for (int64_t n = 0; n < width; n += point.lanes) {
      point.extra.back() = n;
      point.mask = {};
      loop::Address to{b_.pointer(1), at, kF32Bytes, n * kF32Bytes};
      if (apart && n >= count) {
        b_.store(b_.bits({c_.elem, 1}, 0), to);
        continue;
      }
      if (n + point.lanes > count) {
        point.mask = b_.first_n({Elem::m32, point.lanes}, b_.index(count - n));
      }
      b_.store(emit_view_load(b_, from_, point, from), to);
    }
  }

  Builder& b_;
  const Contraction& c_;
  const PackedLayout& layout_;
  int64_t lanes_;
  View from_;
  std::vector<Value> index_;  // of the view's axes: outer, those of a row, n
  Value first_, last_;
};

}  // namespace

// One tile packs some rows of one outer block: rows of the view are read as they lie in memory.
DenseStage make_packing(const Contraction& c, const PackedLayout& layout, int64_t lanes) {
  int64_t rows = std::max(ceil_div(layout.rows, kMostViewParts), kRowsAtOnce);
  int64_t parts = std::max<int64_t>(ceil_div(layout.rows, rows), 1);
  Builder b("pack", 2);
  Value first = b.mul(b.rem(b.tile(), b.index(parts)), b.index(rows));
  ViewPacker(b, c, layout, lanes)
      .emit(b.div(b.tile(), b.index(parts)), first,
            b.min(b.add(first, b.index(rows)), b.index(layout.rows)));
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = parts * layout.blocks;
  stage.bytes = 8.0 * static_cast<double>(layout.elements());
  return stage;
}

}  // namespace burin::lower
