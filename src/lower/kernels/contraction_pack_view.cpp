// The packed right-hand side, written by a kernel from a view.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/squares.h"

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
  // From the view's pointer to the pointer `to`.
  ViewPacker(Builder& b, const Contraction& c, const PackedLayout& layout, const View& from, int to)
      : b_(b), c_(c), layout_(layout), lanes_(c.nest.lanes), from_(from), pointer_(to) {
    index_.assign(c.rhs_sizes.size(), b.index(0));
  }

  // The rows [first, last) of all panels of an outer block, which begins at element `to`.
  void emit(Value block, Value to, Value first, Value last) {
    first_ = first, last_ = last;
    size_t outer = c_.nest.outer.size();
    Value rest = block;
    for (size_t i = outer; i-- > 0;) {
      if (c_.rhs_sizes[i] == 1) continue;
      index_[i] = b_.rem(rest, b_.index(c_.rhs_sizes[i]));
      rest = b_.div(rest, b_.index(c_.rhs_sizes[i]));
    }
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

  // Whether the rows of what is packed lie along columns of the view, four of which make squares.
  bool lies_across() const {
    size_t k = index_.size() - 2;
    for (size_t i = c_.nest.outer.size(); i < k; ++i) {
      if (c_.rhs_sizes[i] != 1) return false;
    }
    bool turned = lies_apart() && from_.strides[k] == 1;
    return turned && from_.dtype == DType::f32 && c_.elem == Elem::f32;
  }

  // `count` channels from `n` on, as `padded`, to rows of `width` that begin at `to`.
  void copy_columns(Value n, Value to, int64_t count, int64_t padded, int64_t width) {
    if (!lies_across()) return copy_rows(n, to, {first_, last_}, {count, padded, width});
    int64_t squares = count / kSquareSide * kSquareSide;
    Value side = b_.index(kSquareSide);
    Value whole = b_.add(first_, b_.mul(b_.div(b_.sub(last_, first_), side), side));
    b_.loop(first_, whole, kSquareSide, [&](Value row) {
      index_.end()[-2] = row;
      index_.back() = n;
      Value from = emit_bases(b_, {&from_, 1}, index_)[0];
      Value at = b_.add(to, b_.mul(row, b_.index(width)));
      for (int64_t i = 0; i < squares; i += kSquareSide) copy_square(from, at, i, width);
    });
    if (squares < padded) {
      Value rest = b_.index(squares);
      copy_rows(b_.add(n, rest), b_.add(to, rest), {first_, whole},
                {count - squares, padded - squares, width});
    }
    copy_rows(n, to, {whole, last_}, {count, padded, width});
  }

  // Four channels from the `n`th behind `from` on, of four rows from `at` on.
  void copy_square(Value from, Value at, int64_t n, int64_t width) {
    Point point;
    point.index = index_;
    point.extra.assign(index_.size(), 0);
    point.lane_axis = static_cast<int>(index_.size()) - 2;
    point.lanes = kSquareSide;
    Square square;
    for (int64_t i = 0; i < kSquareSide; ++i) {
      point.extra.back() = n + i;
      square[static_cast<size_t>(i)] = emit_view_load(b_, from_, point, from);
    }
    square = transpose(b_, square);
    for (int64_t i = 0; i < kSquareSide; ++i) {
      b_.store(square[static_cast<size_t>(i)],
               {b_.pointer(pointer_), at, kF32Bytes, (i * width + n) * kF32Bytes});
    }
  }

  struct Columns {
    int64_t count, padded, width;  // as copy_columns
  };

  void copy_rows(Value n, Value to, const Range& rows, const Columns& columns) {
    for_range(b_, rows.lo, rows.hi, [&](Value row) {
      Value at = b_.add(to, b_.mul(row, b_.index(columns.width)));
      for (size_t i = index_.size() - 1; i-- > c_.nest.outer.size();) {
        if (c_.rhs_sizes[i] == 1) continue;
        Value size = b_.index(c_.rhs_sizes[i]);
        index_[i] = i == c_.nest.outer.size() ? row : b_.rem(row, size);
        row = b_.div(row, size);
      }
      index_.back() = n;
      copy_row(emit_bases(b_, {&from_, 1}, index_)[0], at, columns.count, columns.padded);
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
      loop::Address to{b_.pointer(pointer_), at, kF32Bytes, n * kF32Bytes};
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
  int pointer_;               // of what is packed
  std::vector<Value> index_;  // of the view's axes: outer, those of a row, n
  Value first_, last_;
};

}  // namespace

// One tile packs some rows of one outer block: rows of the view are read as they lie in memory.
DenseStage make_packing(const Contraction& c, const PackedLayout& layout) {
  int64_t rows = std::max(ceil_div(layout.rows, kMostViewParts), kRowsAtOnce);
  int64_t parts = std::max<int64_t>(ceil_div(layout.rows, rows), 1);
  Builder b("pack", 2);
  Value first = b.mul(b.rem(b.tile(), b.index(parts)), b.index(rows));
  Value block = b.div(b.tile(), b.index(parts));
  View from = c.rhs;
  from.pointer = 0;
  ViewPacker(b, c, layout, from, 1)
      .emit(block, b.mul(block, b.index(layout.block)), first,
            b.min(b.add(first, b.index(rows)), b.index(layout.rows)));
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = parts * layout.blocks;
  stage.bytes = 8.0 * static_cast<double>(layout.elements());
  return stage;
}

void pack_block(Builder& b, const Contraction& c, const PackedLayout& layout, Value block,
                int pointer) {
  ViewPacker(b, c, layout, c.rhs, pointer)
      .emit(block, b.index(0), b.index(0), b.index(layout.rows));
}

}  // namespace burin::lower
