// Layers as ONNX nodes.
#include "zoo/net.h"

#include <cmath>

namespace burin::zoo {

using Attributes = std::map<std::string, onnx::AttributeValue, std::less<>>;

std::string Net::fresh(const std::string& stem) { return stem + "_" + std::to_string(counter_++); }

std::string Net::input(std::string port_name, DType dtype, std::vector<Dim> dims) {
  inputs.push_back({port_name, dtype, std::move(dims)});
  return port_name;
}

void Net::output(const std::string& value, std::string port_name, std::vector<Dim> dims) {
  onnx::NodeView view;
  view.name = fresh("Identity");
  view.op_type = "Identity";
  view.inputs = {value};
  view.outputs = {port_name};
  nodes.push_back(std::move(view));
  outputs.push_back({std::move(port_name), DType::f32, std::move(dims)});
}

std::string Net::node(const std::string& op_type, std::vector<std::string> operands,
                      Attributes attributes) {
  onnx::NodeView view;
  view.name = fresh(op_type);
  view.op_type = op_type;
  view.inputs = std::move(operands);
  view.outputs = {view.name + "_out"};
  view.attributes = std::move(attributes);
  nodes.push_back(view);
  return view.outputs[0];
}

std::vector<std::string> Net::split(const std::string& x, int64_t axis,
                                    std::vector<int64_t> sizes) {
  size_t count = sizes.size();
  node("Split", {x, ints(std::move(sizes))}, {{"axis", axis}});
  onnx::NodeView& view = nodes.back();
  for (size_t i = 1; i < count; ++i) view.outputs.push_back(view.name + "_" + std::to_string(i));
  return view.outputs;
}

std::string Net::concat(std::vector<std::string> pieces, int64_t axis) {
  return node("Concat", std::move(pieces), {{"axis", axis}});
}

std::string Net::transpose(const std::string& x, std::vector<int64_t> perm) {
  return node("Transpose", {x}, {{"perm", std::move(perm)}});
}

std::string Net::reshape(const std::string& x, std::vector<int64_t> dims) {
  return node("Reshape", {x, ints(std::move(dims))});
}

std::string Net::constant(const std::string& role, Tensor value) {
  std::string id = fresh(role);
  initializers.push_back({id, std::move(value)});
  return id;
}

std::string Net::ints(std::vector<int64_t> values) {
  Shape shape({static_cast<int64_t>(values.size())});
  return constant("ints", Tensor::from_ints({DType::i64, shape}, values));
}

std::string Net::scalar(float value) {
  return constant("scalar", Tensor::scalar(DType::f32, value));
}

std::string Net::weights(const std::string& role, Dims shape, double deviation, double mean) {
  Tensor value({DType::f32, Shape(std::move(shape))});
  auto* data = reinterpret_cast<float*>(value.mutable_data());
  // The sum of four uniforms has a normal's shape closely enough, and is fast for 100 M weights.
  double scale = deviation * std::sqrt(3.0) / 65536;
  for (int64_t i = 0, n = value.elements(); i < n; ++i) {
    uint64_t r = rng_.next();
    int64_t sum = 0;
    for (int k = 0; k < 4; ++k) sum += static_cast<int64_t>((r >> (16 * k)) & 0xffff);
    data[i] = static_cast<float>(mean + scale * static_cast<double>(sum - 131070));
  }
  return constant(role, std::move(value));
}

std::string Net::convolve(const std::string& x, const ConvShape& s, double gain,
                          const std::string& bias) {
  int64_t width = s.width ? s.width : s.kernel, pad = s.pad + (width - s.kernel) / 2;
  double fan_in = static_cast<double>(s.in / s.groups * s.kernel * width);
  std::vector<std::string> operands = {
      x,
      weights("weight", {s.out, s.in / s.groups, s.kernel, width}, gain * std::sqrt(2 / fan_in))};
  if (!bias.empty()) operands.push_back(weights(bias, {s.out}, 0.05));
  return node("Conv", operands,
              {{"kernel_shape", std::vector<int64_t>{s.kernel, width}},
               {"strides", std::vector<int64_t>(2, s.stride)},
               {"pads", std::vector<int64_t>{s.pad, pad, s.pad, pad}},
               {"dilations", std::vector<int64_t>(2, 1)},
               {"group", s.groups}});
}

std::string Net::conv(const std::string& x, const ConvShape& shape) {
  return convolve(x, shape, 1, shape.bias ? "bias" : "");
}

std::string Net::conv_norm(const std::string& x, const ConvShape& shape, double gain) {
  return convolve(x, shape, gain, "folded");
}

std::string Net::batch_norm(const std::string& x, int64_t channels, double gain) {
  std::string scale = weights("scale", {channels}, 0.1 * gain, gain);
  std::string shift = weights("shift", {channels}, 0.1);
  std::string mean = weights("mean", {channels}, 0.1);
  std::string variance = weights("variance", {channels}, 0.05, 1);
  return node("BatchNormalization", {x, scale, shift, mean, variance}, {{"epsilon", 1e-5f}});
}

std::string Net::layer_norm(const std::string& x, int64_t width, float epsilon) {
  std::string scale = weights("scale", {width}, 0.1, 1);
  std::string shift = weights("shift", {width}, 0.1);
  return node("LayerNormalization", {x, scale, shift},
              {{"axis", int64_t{-1}}, {"epsilon", epsilon}});
}

std::string Net::gelu(const std::string& x) {
  std::string e = node("Erf", {node("Div", {x, scalar(1.41421356f)})});
  return mul(mul(x, add(e, scalar(1))), scalar(0.5f));
}

std::string Net::max_pool(const std::string& x, int64_t kernel, int64_t stride, int64_t pad,
                          bool ceil_mode) {
  return node("MaxPool", {x},
              {{"kernel_shape", std::vector<int64_t>(2, kernel)},
               {"strides", std::vector<int64_t>(2, stride)},
               {"pads", std::vector<int64_t>(4, pad)},
               {"ceil_mode", int64_t{ceil_mode}}});
}

std::string Net::average_pool(const std::string& x, int64_t kernel, int64_t stride, int64_t pad) {
  return node("AveragePool", {x},
              {{"kernel_shape", std::vector<int64_t>(2, kernel)},
               {"strides", std::vector<int64_t>(2, stride)},
               {"pads", std::vector<int64_t>(4, pad)},
               {"count_include_pad", int64_t{1}}});
}

std::string Net::dense(const std::string& x, int64_t in, int64_t out, double gain) {
  double deviation = std::sqrt(gain / static_cast<double>(in));
  std::string w = weights("weight", {out, in}, deviation);
  std::string b = weights("bias", {out}, 0.05);
  return node("Gemm", {x, w, b}, {{"transB", int64_t{1}}});
}

std::string Net::linear(const std::string& x, int64_t in, int64_t out) {
  std::string w = weights("weight", {in, out}, std::sqrt(1.0 / static_cast<double>(in)));
  std::string b = weights("bias", {out}, 0.02);
  return add(node("MatMul", {x, w}), b);
}

}  // namespace burin::zoo
