// Field numbers are those of onnx.proto.
#include "onnx/encode.h"

#include <protozero/pbf_writer.hpp>

#include "base/check.h"
#include "onnx/attribute_type.h"
#include "onnx/tensor_proto.h"

namespace burin::onnx {

using protozero::pbf_writer;

namespace {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

std::string encode_attribute(const std::string& name, const AttributeValue& value) {
  std::string out;
  pbf_writer w(out);
  w.add_string(1, name);
  int32_t type = 0;
  auto unsupported = [](const auto&) { BURIN_CHECK(false, "writing a graph attribute"); };
  std::visit(Overload{
                 [&](int64_t i) { w.add_int64(3, i), type = kInt; },
                 [&](float f) { w.add_float(2, f), type = kFloat; },
                 [&](const std::string& s) { w.add_bytes(4, s), type = kString; },
                 [&](const Tensor& t) { w.add_message(5, encode_tensor("", t)), type = kTensor; },
                 [&](const std::vector<int64_t>& v) {
                   for (int64_t i : v) w.add_int64(8, i);
                   type = kInts;
                 },
                 [&](const std::vector<float>& v) {
                   for (float f : v) w.add_float(7, f);
                   type = kFloats;
                 },
                 [&](const std::vector<std::string>& v) {
                   for (const auto& s : v) w.add_bytes(9, s);
                   type = kStrings;
                 },
                 unsupported,
             },
             value);
  w.add_enum(20, type);
  return out;
}

}  // namespace

std::string encode_tensor_header(std::string_view name, const TensorType& type) {
  std::string out;
  pbf_writer w(out);
  for (int64_t d : type.shape.dims()) w.add_int64(1, d);
  w.add_int32(2, static_cast<int32_t>(onnx_dtype(type.dtype)));
  if (!name.empty()) w.add_string(8, name.data(), name.size());
  constexpr uint32_t kRawData = 9, kLengthDelimited = 2;
  protozero::write_varint(std::back_inserter(out), (kRawData << 3) | kLengthDelimited);
  protozero::write_varint(std::back_inserter(out), static_cast<uint64_t>(type.bytes()));
  return out;
}

std::string encode_tensor(std::string_view name, const Tensor& tensor) {
  std::string out = encode_tensor_header(name, tensor.type());
  auto bytes = tensor.bytes();
  return out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string encode_node(const NodeView& node) {
  std::string out;
  pbf_writer w(out);
  for (const auto& input : node.inputs) w.add_string(1, input);
  for (const auto& output : node.outputs) w.add_string(2, output);
  if (!node.name.empty()) w.add_string(3, node.name);
  w.add_string(4, node.op_type);
  for (const auto& [name, value] : node.attributes) {
    w.add_message(5, encode_attribute(name, value));
  }
  if (!node.domain.empty()) w.add_string(7, node.domain);
  return out;
}

std::string encode_value_info(std::string_view name, DType dtype, const std::vector<Dim>& dims) {
  std::string shape;
  pbf_writer shape_writer(shape);
  for (const Dim& dim : dims) {
    std::string bytes;  // empty for an unknown dimension
    pbf_writer d(bytes);
    if (dim.size) {
      d.add_int64(1, *dim.size);
    } else if (!dim.symbol.empty()) {
      d.add_string(2, dim.symbol);
    }
    shape_writer.add_message(1, bytes);
  }
  std::string out;
  pbf_writer w(out);
  w.add_string(1, name.data(), name.size());
  {
    pbf_writer type(w, 2);
    pbf_writer tensor(type, 1);
    tensor.add_int32(1, static_cast<int32_t>(onnx_dtype(dtype)));
    tensor.add_message(2, shape);
  }
  return out;
}

}  // namespace burin::onnx
