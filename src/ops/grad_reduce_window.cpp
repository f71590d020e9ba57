// Gradients of reduce_window: x is the operand, y the result, g the cotangent. With s the stride
// and d the dilation along an axis, result o reads the operand, padded, at o*s + t*d for each tap
// t.
#include <limits>

#include "ops/grad.h"

namespace burin::ops {

namespace {

using graph::ReduceKind;
using graph::WindowAttr;

class Windows {
 public:
  explicit Windows(const GradArgs& args)
      : b_(args.b),
        x_(args.operand(0)),
        y_(args.node),
        g_(args.cotangent),
        attr_(args.attr<WindowAttr>()),
        rank_(attr_.window.size()),
        taps_(indices_below(attr_.window)) {
    // Where there is one result, the stride says nothing and may be as large as an attribute can.
    for (size_t i = 0; i < rank_; ++i) {
      if (b_.shape(y_)[i] == 1) attr_.stride[i] = 1;
    }
  }

  // dx[i] = sum over t of g[(i + low - t*d) / s] where the quotient is whole: g, spread by s, under
  // the same window.
  NodeId of_sum() {
    Dims low(rank_), high(rank_), interior(rank_);
    WindowAttr window = attr_;
    for (size_t i = 0; i < rank_; ++i) {
      interior[i] = attr_.stride[i] - 1;
      low[i] = (attr_.window[i] - 1) * attr_.dilation[i] - attr_.low[i];
      high[i] = size(i) - 1 + attr_.low[i] - (results(i) - 1) * attr_.stride[i];
      window.low[i] = window.high[i] = 0;
      window.stride[i] = 1;
    }
    return b_.reduce_window(pad_or_crop(b_, g_, low, high, interior), std::move(window));
  }

  // The cotangent goes to the first element of the window that equals the result.
  NodeId of_extreme(double padding) {
    pad_operand(padding);
    TensorType numbers{DType::i32, b_.shape(y_)};
    NodeId first = b_.full(numbers, 0);  // the number of the tap, counted from 1
    for (size_t t = taps_.size(); t-- > 0;) {
      NodeId number = b_.full(numbers, static_cast<double>(t + 1));
      first = b_.select(b_.eq(under(t), y_), number, first);
    }
    if (cover_once()) return to_first(first);
    NodeId g = extended(g_);
    first = extended(first);
    return sum_over_taps([&](size_t t) {
      NodeId at = shifted(first, t);
      NodeId hit = b_.eq(at, b_.full(b_.type(at), static_cast<double>(t + 1)));
      return where(b_, hit, shifted(g, t));
    });
  }

  // g times the product of the window's other elements: of those before and those after.
  NodeId of_product() {
    pad_operand(1);
    std::vector<NodeId> before = {g_}, after(taps_.size());
    for (size_t t = 0; t + 1 < taps_.size(); ++t) before.push_back(b_.mul(before[t], under(t)));
    after.back() = ones_like(b_, y_);
    for (size_t t = taps_.size() - 1; t > 0; --t) after[t - 1] = b_.mul(after[t], under(t));
    return sum_over_taps(
        [&](size_t t) { return shifted(extended(b_.mul(before[t], after[t])), t); });
  }

 private:
  int64_t size(size_t axis) const { return b_.shape(x_)[axis]; }
  int64_t results(size_t axis) const { return b_.shape(y_)[axis]; }

  // Whether each element lies in exactly one window, under the tap of its phase.
  bool cover_once() const {
    for (size_t i = 0; i < rank_; ++i) {
      if (attr_.window[i] != attr_.stride[i] || attr_.dilation[i] != 1) return false;
      if (attr_.low[i] != 0 || results(i) * attr_.stride[i] != size(i)) return false;
    }
    return true;
  }

  // Then axes of q and r side by side are the operand's, and g goes where r is the window's tap.
  NodeId to_first(NodeId first) const {
    Dims split, q, r;
    for (size_t i = 0; i < rank_; ++i) {
      q.push_back(static_cast<int64_t>(split.size()));
      split.push_back(results(i));
      if (attr_.stride[i] == 1) continue;
      r.push_back(static_cast<int64_t>(split.size()));
      split.push_back(attr_.stride[i]);
    }
    Dims steps;
    for (int64_t axis : r) steps.push_back(split[static_cast<size_t>(axis)]);
    Tensor numbers({DType::i32, Shape(steps)});
    for (int64_t t = 0; t < numbers.elements(); ++t) numbers.set_int(t, t + 1);
    NodeId hit = b_.eq(b_.broadcast(first, Shape(split), q),
                       b_.broadcast(b_.constant(numbers), Shape(split), r));
    return b_.reshape(where(b_, hit, b_.broadcast(g_, Shape(split), q)), b_.shape(x_));
  }

  void pad_operand(double value) {
    padded_ = x_;
    Dims none(rank_, 0);
    if (attr_.low == none && attr_.high == none) return;
    padded_ = b_.pad(x_, b_.scalar(b_.dtype(x_), value), attr_.low, attr_.high, none);
  }

  // What each window has under tap t, of the result's shape.
  NodeId under(size_t t) const {
    Dims start(rank_), limit(rank_);
    for (size_t i = 0; i < rank_; ++i) {
      start[i] = taps_[t][i] * attr_.dilation[i];
      limit[i] = start[i] + (results(i) - 1) * attr_.stride[i] + 1;
    }
    return b_.slice(padded_, std::move(start), std::move(limit), attr_.stride);
  }

  // Position p = q*s + r of the padded operand is under tap t of result q - shift, with
  // shift = (t*d - r) / s, if that is whole; q counts the positions of one phase r.
  int64_t shift(size_t t, size_t axis) const {
    return taps_[t][axis] * attr_.dilation[axis] / attr_.stride[axis];
  }
  bool in_phase(size_t t, const Dims& phase) const {
    for (size_t i = 0; i < rank_; ++i) {
      if (taps_[t][i] * attr_.dilation[i] % attr_.stride[i] != phase[i]) return false;
    }
    return true;
  }
  int64_t positions(size_t axis) const {
    return (attr_.low[axis] + size(axis) - 1) / attr_.stride[axis] + 1;
  }

  // A value of the result's shape between zeros, so that every shift of it can be read.
  NodeId extended(NodeId value) const {
    Dims low(rank_), high(rank_);
    for (size_t i = 0; i < rank_; ++i) {
      low[i] = shift(taps_.size() - 1, i);
      high[i] = std::max<int64_t>(positions(i) - results(i), 0);
    }
    return pad_or_crop(b_, value, low, high, Dims(rank_, 0));
  }
  // Such a value where q is under tap t.
  NodeId shifted(NodeId extended, size_t t) const {
    Dims start(rank_), limit(rank_);
    for (size_t i = 0; i < rank_; ++i) {
      start[i] = shift(taps_.size() - 1, i) - shift(t, i);
      limit[i] = start[i] + positions(i);
    }
    bool whole = limit == b_.shape(extended).dims() && start == Dims(rank_, 0);
    if (whole) return extended;
    return b_.slice(extended, std::move(start), std::move(limit), Dims(rank_, 1));
  }

  // Adds up value(t) at the positions under tap t, phase by phase.
  template <class Value>
  NodeId sum_over_taps(Value value) {
    Dims counts(rank_);
    for (size_t i = 0; i < rank_; ++i) counts[i] = positions(i);
    std::vector<NodeId> phases;
    for (const Dims& phase : indices_below(attr_.stride)) {
      NodeId sum;
      for (size_t t = 0; t < taps_.size(); ++t) {
        if (!in_phase(t, phase)) continue;
        NodeId term = value(t);
        sum = sum.valid() ? b_.add(sum, term) : term;
      }
      if (!sum.valid()) sum = b_.full({b_.dtype(x_), Shape(counts)}, 0);
      phases.push_back(sum);
    }
    return without_padding(interleaved(std::move(phases), counts));
  }

  // The phases [q...] of each axis side by side: [q*s + r...].
  NodeId interleaved(std::vector<NodeId> phases, const Dims& counts) {
    if (phases.size() == 1) return phases[0];
    Dims stacked = counts, split = attr_.stride, perm, merged = counts;
    stacked.insert(stacked.begin(), 1);
    split.insert(split.end(), counts.begin(), counts.end());
    for (size_t i = 0; i < rank_; ++i) {
      perm.push_back(static_cast<int64_t>(rank_ + i));
      perm.push_back(static_cast<int64_t>(i));
      merged[i] *= attr_.stride[i];
    }
    for (NodeId& phase : phases) phase = b_.reshape(phase, Shape(stacked));
    NodeId all = b_.concatenate(std::move(phases), 0);
    return b_.reshape(b_.transpose(b_.reshape(all, Shape(split)), perm), Shape(merged));
  }

  NodeId without_padding(NodeId padded) const {
    Dims limit = attr_.low;
    for (size_t i = 0; i < rank_; ++i) limit[i] += size(i);
    if (limit == b_.shape(padded).dims() && limit == b_.shape(x_).dims()) return padded;
    return b_.slice(padded, attr_.low, std::move(limit), Dims(rank_, 1));
  }

  Builder& b_;
  NodeId x_, y_, g_, padded_;
  WindowAttr attr_;
  size_t rank_;
  std::vector<Dims> taps_;
};

std::vector<NodeId> grad_reduce_window(const GradArgs& args) {
  if (args.type(0).shape.elements() == 0 || args.b.shape(args.node).elements() == 0) {
    return {zeros_like(args.b, args.operand(0))};
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Windows windows(args);
  switch (args.attr<WindowAttr>().kind) {
    case ReduceKind::sum: return {windows.of_sum()};
    case ReduceKind::prod: return {windows.of_product()};
    case ReduceKind::max: return {windows.of_extreme(-kInfinity)};
    case ReduceKind::min: return {windows.of_extreme(kInfinity)};
  }
  return {};
}

const RegisterGrad register_reduce_window(Op::reduce_window, grad_reduce_window);

}  // namespace

}  // namespace burin::ops
