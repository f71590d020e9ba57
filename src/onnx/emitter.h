// Builds the nodes of an ONNX graph as expressions over typed values, for onnx/export.cpp. Movement
// that cancels (a transpose of a transpose, a reshape to the same shape) is not emitted, and nodes
// that no output needs are dropped at the end.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "onnx/write.h"

namespace burin::onnx {

class Emitter {
 public:
  struct Value {
    std::string name;
    TensorType type;

    const Shape& shape() const { return type.shape; }
    DType dtype() const { return type.dtype; }
    size_t rank() const { return type.shape.rank(); }
  };

  // Names that emitted values must not take.
  explicit Emitter(std::set<std::string> reserved) : reserved_(std::move(reserved)) {}

  // Nodes from now on are named after this layer.
  void set_layer(std::string name) { layer_ = std::move(name); }

  // One node with one result of the given type.
  Value emit(std::string op_type, const std::vector<Value>& inputs, TensorType result,
             Attributes attributes = {});
  // The same where only output number `output` of a node is of interest.
  Value emit_output(std::string op_type, const std::vector<Value>& inputs, TensorType result,
                    size_t output, Attributes attributes);
  // The same under a name that is already reserved: a graph output.
  void emit_named(std::string op_type, const std::vector<Value>& inputs, const std::string& name);

  Value constant(Tensor value);
  Value ints(const Dims& values);  // i64[n]
  Value scalar(DType dtype, double value);

  Value transpose(const Value& x, const Dims& perm);
  Value reshape(const Value& x, const Shape& shape);
  Value expand(const Value& x, const Shape& shape);
  Value cast(const Value& x, DType dtype);
  Value slice(const Value& x, const Dims& start, const Dims& limit, const Dims& stride);
  // `interior` elements of the fill go between neighbours; none of the counts is negative.
  Value pad(const Value& x, const Value& fill, const Dims& low, const Dims& high,
            const Dims& interior);

  // Hands the nodes that lead to `outputs`, and the constants they use, to the writer.
  void finish(ModelWriter& writer, const std::vector<std::string>& outputs) const;

 private:
  struct Moved {  // how a value was made from another by movement alone
    Value from;
    Dims perm;
  };

  std::string fresh_name();
  Value spread(const Value& x, const Value& fill, size_t axis, int64_t interior);

  std::set<std::string> reserved_;
  std::string layer_;
  std::vector<NodeView> nodes_;
  std::map<std::string, Tensor> constants_;
  std::map<Dims, std::string> ints_;
  std::map<std::string, Moved> transposed_;
  std::map<std::string, Value> reshaped_;
  size_t counter_ = 0;
};

}  // namespace burin::onnx
