// Writes ONNX models piece by piece: nodes, typed inputs and outputs, weights. Weights are streamed
// from their tensors into the file, never copied whole.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/output_file.h"
#include "onnx/encode.h"

namespace burin::onnx {

class ModelWriter {
 public:
  // `opset` is the version of the ai.onnx operators that the nodes mean.
  explicit ModelWriter(std::string_view graph_name, int64_t opset = 17);

  void set_opset(std::string_view domain, int64_t version);
  void set_metadata(std::string_view key, std::string_view value);

  // Dimensions may be symbols: {Dim{.symbol = "batch"}, Dim{3}}.
  void add_input(std::string_view name, DType dtype, const std::vector<Dim>& dims);
  void add_input(std::string_view name, const TensorType& type);
  void add_output(std::string_view name, DType dtype, const std::vector<Dim>& dims);
  void add_output(std::string_view name, const TensorType& type);
  void add_initializer(std::string name, Tensor value);
  void add_node(const NodeView& node);
  // node("Conv", {"x", "w"}, {"y"}, {{"group", int64_t{2}}});
  void node(std::string op_type, std::vector<std::string> inputs, std::vector<std::string> outputs,
            Attributes attributes = {}, std::string name = {}, std::string domain = {});

  // Writes the file under a temporary name and renames it. Refuses models of 2 GiB and more, which
  // protobuf readers do not open.
  Result<void> save(const std::string& path,
                    OutputFile::Durability durability = OutputFile::Durability::cached) const;
  Result<std::string> bytes() const;

 private:
  // The model as a list of pieces, in file order, with the large ones as views.
  struct Pieces {
    std::vector<std::pair<std::string, std::string_view>> list;  // own bytes, then viewed ones
    uint64_t size = 0;
  };
  Pieces pieces() const;
  Result<Pieces> checked_pieces(const std::string& where) const;

  std::string graph_;  // GraphProto without initialisers
  std::vector<std::pair<std::string, Tensor>> initializers_;
  std::map<std::string, int64_t, std::less<>> opsets_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

}  // namespace burin::onnx
