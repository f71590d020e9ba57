// Each helper is one ONNX node, or none where it would change nothing.
#include "onnx/emitter.h"

#include <algorithm>

#include "onnx/tensor_proto.h"

namespace burin::onnx {

using Value = Emitter::Value;

std::string Emitter::fresh_name() {
  std::string name;
  do name = "t" + std::to_string(counter_++);
  while (reserved_.contains(name));
  return name;
}

Value Emitter::emit(std::string op_type, const std::vector<Value>& inputs, TensorType result,
                    Attributes attributes) {
  return emit_output(std::move(op_type), inputs, std::move(result), 0, std::move(attributes));
}

Value Emitter::emit_output(std::string op_type, const std::vector<Value>& inputs, TensorType result,
                           size_t output, Attributes attributes) {
  Value value{fresh_name(), std::move(result)};
  NodeView node;
  node.name = layer_.empty() ? value.name : layer_ + "/" + value.name;
  node.op_type = std::move(op_type);
  for (const Value& input : inputs) node.inputs.push_back(input.name);
  while (node.outputs.size() < output) node.outputs.push_back(fresh_name());
  node.outputs.push_back(value.name);
  node.attributes = std::move(attributes);
  nodes_.push_back(std::move(node));
  return value;
}

void Emitter::emit_named(std::string op_type, const std::vector<Value>& inputs,
                         const std::string& name) {
  emit(std::move(op_type), inputs, {});
  nodes_.back().outputs = {name};
}

Value Emitter::constant(Tensor value) {
  Value v{fresh_name(), value.type()};
  constants_.emplace(v.name, std::move(value));
  return v;
}

Value Emitter::ints(const Dims& values) {
  TensorType type{DType::i64, Shape{static_cast<int64_t>(values.size())}};
  auto [entry, added] = ints_.emplace(values, "");
  if (added) entry->second = constant(Tensor::from_ints(type, values)).name;
  return {entry->second, type};
}

Value Emitter::scalar(DType dtype, double value) { return constant(Tensor::scalar(dtype, value)); }

Value Emitter::transpose(const Value& x, const Dims& perm) {
  Value from = x;
  Dims total = perm;
  if (auto before = transposed_.find(x.name); before != transposed_.end()) {
    from = before->second.from;
    for (int64_t& p : total) p = before->second.perm[static_cast<size_t>(p)];
  }
  if (std::ranges::is_sorted(total)) return from;
  Dims dims;
  for (int64_t p : total) dims.push_back(from.shape()[static_cast<size_t>(p)]);
  Value out = emit("Transpose", {from}, {x.dtype(), Shape(dims)}, {{"perm", total}});
  transposed_.emplace(out.name, Moved{from, total});
  return out;
}

Value Emitter::reshape(const Value& x, const Shape& shape) {
  auto before = reshaped_.find(x.name);
  Value from = before == reshaped_.end() ? x : before->second;
  if (from.shape() == shape) return from;
  Attributes attributes;
  if (std::ranges::count(shape.dims(), 0) > 0) attributes["allowzero"] = int64_t{1};
  Value out = emit("Reshape", {from, ints(shape.dims())}, {x.dtype(), shape}, attributes);
  reshaped_.emplace(out.name, from);
  return out;
}

Value Emitter::expand(const Value& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return emit("Expand", {x, ints(shape.dims())}, {x.dtype(), shape});
}

Value Emitter::cast(const Value& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return emit("Cast", {x}, {dtype, x.shape()}, {{"to", onnx_dtype(dtype)}});
}

Value Emitter::slice(const Value& x, const Dims& start, const Dims& limit, const Dims& stride) {
  Dims starts, ends, axes, steps, dims = x.shape().dims();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (start[i] == 0 && limit[i] == dims[i] && stride[i] == 1) continue;
    starts.push_back(start[i]);
    ends.push_back(limit[i]);
    axes.push_back(static_cast<int64_t>(i));
    steps.push_back(stride[i]);
    dims[i] = limit[i] > start[i] ? (limit[i] - start[i] + stride[i] - 1) / stride[i] : 0;
  }
  if (axes.empty()) return x;
  return emit("Slice", {x, ints(starts), ints(ends), ints(axes), ints(steps)},
              {x.dtype(), Shape(dims)});
}

// [.., n, ..] -> [.., n + (n - 1) * interior, ..]: rows of 1 + interior elements, the last cut.
Value Emitter::spread(const Value& x, const Value& fill, size_t axis, int64_t interior) {
  Dims dims = x.shape().dims();
  int64_t n = dims[axis];
  if (interior == 0 || n < 2) return x;
  auto at = static_cast<std::ptrdiff_t>(axis) + 1;
  Dims split = dims;
  split.insert(split.begin() + at, 1);
  Dims low(split.size(), 0), high(split.size(), 0);
  high[axis + 1] = interior;
  Value rows = pad(reshape(x, Shape(split)), fill, low, high, low);
  dims[axis] = n * (1 + interior);
  Value flat = reshape(rows, Shape(dims));
  Dims start(dims.size(), 0), limit = dims, stride(dims.size(), 1);
  limit[axis] -= interior;
  return slice(flat, start, limit, stride);
}

Value Emitter::pad(const Value& x, const Value& fill, const Dims& low, const Dims& high,
                   const Dims& interior) {
  Value spaced = x;
  for (size_t i = 0; i < interior.size(); ++i) spaced = spread(spaced, fill, i, interior[i]);
  Dims pads = low, dims = spaced.shape().dims();
  pads.insert(pads.end(), high.begin(), high.end());
  if (std::ranges::all_of(pads, [](int64_t p) { return p == 0; })) return spaced;
  for (size_t i = 0; i < dims.size(); ++i) dims[i] += low[i] + high[i];
  return emit("Pad", {spaced, ints(pads), fill}, {x.dtype(), Shape(dims)});
}

void Emitter::finish(ModelWriter& writer, const std::vector<std::string>& outputs) const {
  std::set<std::string_view> needed(outputs.begin(), outputs.end());
  std::vector<const NodeView*> kept;
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    if (!needed.contains(node->outputs.back())) continue;
    kept.push_back(&*node);
    needed.insert(node->inputs.begin(), node->inputs.end());
  }
  for (const auto& [name, value] : constants_) {
    if (needed.contains(name)) writer.add_initializer(name, value);
  }
  for (auto node = kept.rbegin(); node != kept.rend(); ++node) writer.add_node(**node);
}

}  // namespace burin::onnx
