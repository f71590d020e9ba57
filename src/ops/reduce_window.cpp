// reduce_window: each result combines the elements under a window that slides over every axis.
#include <algorithm>

#include "base/checked.h"
#include "ops/combine.h"

namespace burin::ops {

namespace {

TensorType infer_reduce_window(const InferArgs& args) {
  const auto& attr = attr_of<graph::WindowAttr>(args);
  const TensorType& x = args.operands[0];
  check_numeric(args.op, x);
  const std::pair<const char*, const Dims*> fields[] = {{"window", &attr.window},
                                                        {"stride", &attr.stride},
                                                        {"dilation", &attr.dilation},
                                                        {"low", &attr.low},
                                                        {"high", &attr.high}};
  for (const auto& [name, entries] : fields) {
    check_count(args.op, name, *entries, x.shape.rank());
    bool padding = entries == &attr.low || entries == &attr.high;
    check_range(args.op, name, *entries, padding ? 0 : 1);
  }
  Dims out(x.shape.rank());
  for (size_t i = 0; i < out.size(); ++i) {
    int64_t padded = size_add(args.op, size_add(args.op, x.shape[i], attr.low[i]), attr.high[i]);
    out[i] = window_positions(args.op, x.shape[i], padded, attr.window[i], attr.dilation[i],
                              attr.stride[i]);
  }
  return {x.dtype, Shape(std::move(out))};
}

// The positions of one axis that a window covers: first, first + step, ... below end.
struct Span {
  int64_t first = 0, end = 0, step = 1;
};

// Per result position, the part of the window that is inside the operand. Only that part is ever
// visited: windows and paddings may be as large as an attribute can be.
std::vector<Span> covered(const graph::WindowAttr& attr, size_t axis, int64_t size, int64_t count) {
  std::vector<Span> spans(static_cast<size_t>(count));
  int64_t step = attr.dilation[axis];
  for (int64_t o = 0; o < count; ++o) {
    int64_t begin = o * attr.stride[axis] - attr.low[axis];
    int64_t skipped = begin < 0 ? ceil_div(-begin, step) : 0;
    int64_t end = std::min(begin + (attr.window[axis] - 1) * step + 1, size);
    spans[static_cast<size_t>(o)] = {begin + skipped * step, end, step};
  }
  return spans;
}

template <ReduceKind kind, class T>
struct WindowReduction {
  const Shape& shape;  // of the operand
  const Dims strides;
  const typename std::remove_reference_t<decltype(std::declval<const Array&>().values<T>())>& from;
  std::vector<std::vector<Span>> spans;  // per axis and result position

  // Combines onto `sum` the window at `index`, from `axis` inwards.
  T at(const Dims& index, size_t axis, int64_t offset, T sum) const {
    if (axis == index.size()) {
      return combined<kind>(sum, static_cast<T>(from[static_cast<size_t>(offset)]));
    }
    Span span = spans[axis][static_cast<size_t>(index[axis])];
    for (int64_t i = span.first; i < span.end; i += span.step) {
      sum = at(index, axis + 1, offset + i * strides[axis], sum);
    }
    return sum;
  }
};

// Steps to the next index in row-major order; false after the last.
bool advance(Dims& index, const Shape& shape) {
  for (size_t axis = index.size(); axis-- > 0;) {
    if (++index[axis] < shape[axis]) return true;
    index[axis] = 0;
  }
  return false;
}

template <ReduceKind kind, class T>
void reduce_windows(const Array& x, const graph::WindowAttr& attr, Array& out) {
  const Shape &from = x.type.shape, &to = out.type.shape;
  WindowReduction<kind, T> windows{from, from.strides(), x.values<T>(), {}};
  for (size_t axis = 0; axis < to.rank(); ++axis) {
    windows.spans.push_back(covered(attr, axis, from[axis], to[axis]));
  }
  Dims index(to.rank(), 0);
  for (auto& result : out.values<T>()) {
    result = windows.at(index, 0, 0, identity_of<T>(kind));
    advance(index, to);
  }
}

Array eval_reduce_window(const EvalArgs& args) {
  const Array& x = *args.operands[0];
  const auto& attr = std::get<graph::WindowAttr>(args.node.attr);
  Array out = make_array(args.node.type);
  visit_evaluated(x.type.dtype, [&](auto t) {
    visit_kind(attr.kind,
               [&](auto kind) { reduce_windows<kind.value, decltype(t)>(x, attr, out); });
  });
  return out;
}

const RegisterOp register_reduce_window(Op::reduce_window, {.arity = 1,
                                                            .infer = infer_reduce_window,
                                                            .eval = eval_reduce_window});

}  // namespace

}  // namespace burin::ops
