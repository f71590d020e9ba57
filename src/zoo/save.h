// A network as an ONNX file, or as its bytes.
#pragma once

#include <memory>
#include <string>

#include "base/diagnostic.h"
#include "zoo/zoo.h"

namespace burin::zoo {

using Bytes = std::shared_ptr<const std::string>;

// Weights are drawn by `seed`: the same seed gives the same file.
Result<Bytes> to_bytes(const ZooEntry& entry, uint64_t seed);
Result<Bytes> to_bytes(Net net);
Result<void> save(const ZooEntry& entry, uint64_t seed, const std::string& path);
Result<void> save(Net net, const std::string& path);

}  // namespace burin::zoo
