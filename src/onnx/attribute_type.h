// The numbers of AttributeProto.AttributeType that reader and writer need.
#pragma once

#include <cstdint>

namespace burin::onnx {

enum AttributeType : int32_t {
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kFloats = 6,
  kInts = 7,
  kStrings = 8,
};

}  // namespace burin::onnx
