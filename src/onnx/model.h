// A parsed ONNX file: nodes, values and initialisers, not yet checked against each other and with
// no meaning given to ops. Initialisers view the mapped file. onnx/import.h makes a graph of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/mapped_file.h"
#include "onnx/node_view.h"

namespace burin::onnx {

// Subgraphs nest no deeper than this.
inline constexpr int kMaxNesting = 32;

// One dimension: a size, a named symbol, or (neither) unknown.
struct Dim {
  std::optional<int64_t> size;
  std::string symbol;

  std::string text() const;  // "3", "batch", or "?"
};

struct ValueInfo {
  std::string name;
  // Nullopt if the value is no tensor of a dtype that Burin has; `problem` says what it is.
  std::optional<DType> dtype;
  std::string problem;
  std::optional<std::vector<Dim>> dims;  // nullopt: the rank is unknown

  std::string text() const;  // "f32[batchx3x224x224]"
};

struct GraphProto {
  std::string name;
  std::vector<NodeView> nodes;
  std::vector<ValueInfo> inputs, outputs, value_info;
  std::map<std::string, Tensor, std::less<>> initializers;
};

struct Model {
  int64_t ir_version = 0;
  std::string producer;                                // name and version
  std::map<std::string, int64_t, std::less<>> opsets;  // by domain; "" is ai.onnx
  std::map<std::string, std::string, std::less<>> metadata;
  std::vector<std::string> functions;  // model-local ones, as "domain:name"
  GraphProto graph;
  std::vector<std::shared_ptr<const MappedFile>> files;  // that the initialisers view

  // The graph inputs that are not initialisers, in order: what a caller must feed.
  std::vector<const ValueInfo*> required_inputs() const;
};

struct ReadOptions {
  // Bytes that parsing may allocate beyond the mapped file; 0 for a generous default.
  int64_t max_memory = 0;
};

// Maps and parses a file. `where` of a Diagnostic is the path.
Result<Model> read_model(const std::string& path, const ReadOptions& options = {});

// Parses a model in memory that `owner` keeps alive; external data is refused.
Result<Model> parse_model(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                          const ReadOptions& options = {});

}  // namespace burin::onnx
