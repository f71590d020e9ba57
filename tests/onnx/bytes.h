// Models as bytes in memory, for tests of the reader.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "onnx/model.h"
#include "onnx/write.h"

namespace burin::onnx {

inline Result<Model> parse(const std::string& text, const ReadOptions& options = {}) {
  auto owner = std::make_shared<const std::string>(text);
  auto bytes = std::as_bytes(std::span(owner->data(), owner->size()));
  return parse_model(bytes, owner, options);
}

inline Result<Model> parse(const ModelWriter& writer) { return parse(*writer.bytes()); }

}  // namespace burin::onnx
