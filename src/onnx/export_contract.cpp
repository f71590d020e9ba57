// Reductions, windows, dot products and convolutions: ONNX wants channels first, so transposes
// stand around them; where two meet they cancel.
#include <algorithm>
#include <limits>

#include "onnx/export_node.h"

namespace burin::onnx {

using graph::BuildError;
using graph::NodeId;
using graph::Op;
using graph::ReduceKind;
using Value = Exporter::Value;

namespace {

void append(Dims& to, const Dims& from) { to.insert(to.end(), from.begin(), from.end()); }

// The axes [0, rank) that are in none of the lists.
Dims other_axes(size_t rank, const Dims& a, const Dims& b = {}) {
  Dims out;
  for (int64_t i = 0; i < static_cast<int64_t>(rank); ++i) {
    if (std::ranges::count(a, i) + std::ranges::count(b, i) == 0) out.push_back(i);
  }
  return out;
}

Dims inverse(const Dims& perm) {
  Dims out(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) {
    out[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  }
  return out;
}

int64_t product_over(const Shape& shape, const Dims& axes) {
  int64_t n = 1;
  for (int64_t a : axes) n *= shape[static_cast<size_t>(a)];
  return n;
}

Dims pick(const Dims& values, const Dims& axes) {
  Dims out;
  for (int64_t a : axes) out.push_back(values[static_cast<size_t>(a)]);
  return out;
}

Dims join(Dims a, const Dims& b) {
  append(a, b);
  return a;
}

}  // namespace

Value Exporter::reduce(NodeId id) {
  static constexpr const char* kOps[] = {"ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin"};
  const auto& attr = g_.attr<graph::ReduceAttr>(id);
  Value x = operand(id, 0);
  if (attr.dims.empty()) return x;
  DType dtype = x.dtype() == DType::pred ? DType::i32 : x.dtype();
  Value out = e_.emit(kOps[static_cast<size_t>(attr.kind)], {e_.cast(x, dtype), e_.ints(attr.dims)},
                      {dtype, g_[id].type.shape}, {{"keepdims", int64_t{0}}});
  return e_.cast(out, x.dtype());
}

// Pools x over `axes` and gives the result with the axes in x's order. ONNX pools [N, C, spatial]:
// the other axes go first, folded into two.
Value Exporter::pool(const Value& x, const graph::WindowAttr& w, const Dims& axes) {
  Dims rest = other_axes(x.rank(), axes), perm = join(rest, axes);
  Value moved = e_.transpose(x, perm);
  Dims kept = pick(x.shape().dims(), rest), spatial = pick(x.shape().dims(), axes);
  Dims batch = kept.size() == 2 ? kept : Dims{product_over(x.shape(), rest), 1};
  Value folded = e_.reshape(moved, Shape(join(batch, spatial)));

  Dims out_dims = batch, out_spatial;
  for (int64_t a : axes) {
    auto i = static_cast<size_t>(a);
    int64_t reach = (w.window[i] - 1) * w.dilation[i] + 1;
    out_spatial.push_back((x.shape()[i] + w.low[i] + w.high[i] - reach) / w.stride[i] + 1);
  }
  append(out_dims, out_spatial);
  Attributes attributes{{"kernel_shape", pick(w.window, axes)},
                        {"strides", pick(w.stride, axes)},
                        {"pads", join(pick(w.low, axes), pick(w.high, axes))}};
  TensorType type{x.dtype(), Shape(out_dims)};
  Value out;
  if (w.kind == ReduceKind::max) {
    attributes["dilations"] = pick(w.dilation, axes);
    out = e_.emit("MaxPool", {folded}, type, attributes);
  } else {
    out = sum_pool(folded, pick(w.window, axes), pick(w.dilation, axes), type, attributes);
  }
  return e_.transpose(e_.reshape(out, Shape(join(kept, out_spatial))), inverse(perm));
}

// A sum over windows of x[N, C, spatial]: the average times the size, or, where the window has
// holes, a convolution of each channel with ones.
Value Exporter::sum_pool(const Value& x, const Dims& window, const Dims& dilation,
                         const TensorType& type, Attributes attributes) {
  int64_t size = Shape(window).elements();
  if (std::ranges::count(dilation, 1) == std::ssize(dilation)) {
    attributes["count_include_pad"] = int64_t{1};
    return with("Mul", e_.emit("AveragePool", {x}, type, attributes), static_cast<double>(size));
  }
  attributes["dilations"] = dilation;
  Dims dims = x.shape().dims(), out_dims = type.shape.dims();
  for (Dims* d : {&dims, &out_dims}) {
    (*d)[0] *= (*d)[1];
    (*d)[1] = 1;
  }
  Value ones = e_.constant(Tensor::from_doubles({x.dtype(), Shape(join({1, 1}, window))},
                                                std::vector<double>(static_cast<size_t>(size), 1)));
  Value out =
      e_.emit("Conv", {e_.reshape(x, Shape(dims)), ones}, {x.dtype(), Shape(out_dims)}, attributes);
  return e_.reshape(out, type.shape);
}

Value Exporter::reduce_window(NodeId id) {
  graph::WindowAttr w = g_.attr<graph::WindowAttr>(id);
  Value x = operand(id, 0);
  if (w.kind == ReduceKind::prod) throw BuildError("products over windows");
  if (x.dtype() == DType::i64 || x.dtype() == DType::u64) throw BuildError("64-bit windows");
  Dims axes;
  bool pad_first = false;
  for (size_t i = 0; i < x.rank(); ++i) {
    if (w.low[i] < 0 || w.high[i] < 0) throw BuildError("negative padding of windows");
    if (w.window[i] != 1 || w.stride[i] != 1 || w.low[i] != 0 || w.high[i] != 0) {
      axes.push_back(static_cast<int64_t>(i));
    }
    pad_first |= std::max(w.low[i], w.high[i]) >= w.window[i] && w.low[i] + w.high[i] > 0;
  }
  if (axes.empty()) return x;
  DType dtype = x.dtype();
  if (!is_float(dtype)) x = e_.cast(x, DType::f64);
  if (w.kind == ReduceKind::min) {  // min(x) = -max(-x)
    x = e_.emit("Neg", {x}, x.type);
  }
  bool is_sum = w.kind == ReduceKind::sum;
  if (!is_sum) w.kind = ReduceKind::max;
  if (pad_first) {  // pooling operators take padding smaller than the window only
    double fill = is_sum ? 0.0 : -std::numeric_limits<double>::infinity();
    Dims none(x.rank(), 0);
    x = e_.pad(x, e_.scalar(x.dtype(), fill), w.low, w.high, none);
    w.low = w.high = none;
  }
  Value out = pool(x, w, axes);
  if (g_.attr<graph::WindowAttr>(id).kind == ReduceKind::min) {
    out = e_.emit("Neg", {out}, out.type);
  }
  return e_.cast(out, dtype);
}

// MatMul of [batch, M, K] and [batch, K, N].
Value Exporter::dot_general(NodeId id) {
  const auto& d = g_.attr<graph::DotAttr>(id);
  Value a = operand(id, 0), b = operand(id, 1);
  if (!is_float(a.dtype()) && size_of(a.dtype()) < 4) {
    throw BuildError("products of " + std::string(name_of(a.dtype())));
  }
  Dims a_free = other_axes(a.rank(), d.lhs_batch, d.lhs_contract);
  Dims b_free = other_axes(b.rank(), d.rhs_batch, d.rhs_contract);
  Dims batch = pick(a.shape().dims(), d.lhs_batch);
  int64_t m = product_over(a.shape(), a_free), n = product_over(b.shape(), b_free);
  int64_t k = product_over(a.shape(), d.lhs_contract);
  Value left = e_.transpose(a, join(join(d.lhs_batch, a_free), d.lhs_contract));
  Value right = e_.transpose(b, join(join(d.rhs_batch, d.rhs_contract), b_free));
  left = e_.reshape(left, Shape(join(batch, {m, k})));
  right = e_.reshape(right, Shape(join(batch, {k, n})));
  Value out = e_.emit("MatMul", {left, right}, {a.dtype(), Shape(join(batch, {m, n}))});
  return e_.reshape(out, g_[id].type.shape);
}

Value Exporter::convolution(NodeId id) {
  const auto& c = g_.attr<graph::ConvAttr>(id);
  Value x = operand(id, 0), w = operand(id, 1);
  size_t spatial = c.stride.size();
  if (spatial == 0) throw BuildError("convolution without spatial axes");
  if (!is_float(x.dtype())) {
    throw BuildError("convolution of " + std::string(name_of(x.dtype())));
  }
  auto last = static_cast<int64_t>(spatial) + 1;
  Dims to_first{0, last}, w_perm{last, last - 1};
  for (int64_t i = 0; i < static_cast<int64_t>(spatial); ++i) {
    to_first.push_back(i + 1);
    w_perm.push_back(i);
  }
  Value first = e_.transpose(x, to_first);
  // Zeros between the inputs, and cropping, are not Conv's to do.
  Dims start(spatial + 2, 0), limit, interior{0, 0}, pads_low, pads_high;
  for (size_t i = 0; i < spatial; ++i) interior.push_back(c.x_dilation[i] - 1);
  Dims none(spatial + 2, 0), ones(spatial + 2, 1);
  first = e_.pad(first, e_.scalar(x.dtype(), 0.0), none, none, interior);
  limit = first.shape().dims();
  for (size_t i = 0; i < spatial; ++i) {
    start[i + 2] = std::max<int64_t>(0, -c.low[i]);
    limit[i + 2] -= std::max<int64_t>(0, -c.high[i]);
    pads_low.push_back(std::max<int64_t>(0, c.low[i]));
    pads_high.push_back(std::max<int64_t>(0, c.high[i]));
  }
  first = e_.slice(first, start, limit, ones);
  const Shape& out = g_[id].type.shape;
  Dims out_dims = pick(out.dims(), to_first);
  Value y = e_.emit("Conv", {first, e_.transpose(w, w_perm)}, {x.dtype(), Shape(out_dims)},
                    {{"strides", c.stride},
                     {"dilations", c.w_dilation},
                     {"pads", join(pads_low, pads_high)},
                     {"group", c.groups}});
  return e_.transpose(y, inverse(to_first));
}

}  // namespace burin::onnx
