// Everything the rest of the compiler may ask about a primitive, as a row of rules. src/ops fills
// the table (one file an op, or a family); nobody else knows ops by name where a rule will do.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/array.h"
#include "graph/graph.h"

namespace burin::loop {
class Builder;
struct Value;
}  // namespace burin::loop

namespace burin::graph {

// A node that cannot be built: wrong types, impossible shapes. Thrown by Builder and by the ONNX
// rules; the importer turns it into a Diagnostic that names the model's node.
struct BuildError : std::runtime_error {
  explicit BuildError(const std::string& reason, std::string way_out = {})
      : std::runtime_error(reason), hint(std::move(way_out)) {}
  std::string hint;
};

struct InferArgs {
  Op op;
  std::span<const TensorType> operands;
  const Attr& attr;
  // The type that was asked for: ops whose result is not a function of operands and attribute
  // (parameter, constant, iota, convert, reshape, broadcast) check and return it.
  const TensorType& wanted;
};

struct EvalArgs {
  const Node& node;
  std::span<const Array* const> operands;
};

using EmitRule = loop::Value (*)(loop::Builder&, DType, std::span<const loop::Value>);

struct OpDef {
  // The number of operands; -1 for one or more.
  int arity = 0;
  // The result type; throws BuildError.
  TensorType (*infer)(const InferArgs&) = nullptr;
  // The value in double precision, unhurried and obvious: the oracle.
  Array (*eval)(const EvalArgs&) = nullptr;
  // Elementwise ops: the loop IR of one vector of elements. Float operands arrive as f32 (or f64),
  // integers in their own dtype or widened to i32, pred as a mask. Null for the others.
  EmitRule emit = nullptr;
};

// The row of an op. Rows are registered at start-up by src/ops.
const OpDef& op_def(Op op);

struct RegisterOp {
  RegisterOp(Op op, OpDef def);
};

// Adds the emit rule to a row; may run before or after the row's RegisterOp.
struct RegisterEmit {
  RegisterEmit(Op op, EmitRule emit);
};

}  // namespace burin::graph
