// The parsers of ONNX's nested messages, for onnx/model.cpp. Malformed bytes throw ParseError.
#pragma once

#include "onnx/model.h"
#include "onnx/tensor_proto.h"

namespace burin::onnx {

// `depth` counts the graphs around this one.
GraphProto parse_graph(Message message, const TensorSource& source, int depth);

}  // namespace burin::onnx
