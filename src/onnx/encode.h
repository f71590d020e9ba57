// Values -> protobuf bytes of ONNX's messages. Tensor data is left out where it can be large: a
// header here, then the raw bytes, so that writers stream it.
#pragma once

#include <string>
#include <string_view>

#include "onnx/model.h"

namespace burin::onnx {

using Attributes = decltype(NodeView::attributes);

// A TensorProto up to and including the length of its raw data, which must follow.
std::string encode_tensor_header(std::string_view name, const TensorType& type);
// A whole TensorProto.
std::string encode_tensor(std::string_view name, const Tensor& tensor);
// A NodeProto. Attributes must not be graphs.
std::string encode_node(const NodeView& node);
// A ValueInfoProto.
std::string encode_value_info(std::string_view name, DType dtype, const std::vector<Dim>& dims);

}  // namespace burin::onnx
