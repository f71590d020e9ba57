// The table of rules, filled at start-up.
#include "graph/op_def.h"

#include <array>

#include "base/check.h"

namespace burin::graph {

namespace {

std::array<OpDef, kOpCount>& table() {
  static std::array<OpDef, kOpCount> rows;
  return rows;
}

}  // namespace

const OpDef& op_def(Op op) { return table()[static_cast<size_t>(op)]; }

RegisterOp::RegisterOp(Op op, OpDef def) {
  OpDef& row = table()[static_cast<size_t>(op)];
  BURIN_CHECK(row.infer == nullptr, "an op registered twice");
  EmitRule emit = row.emit ? row.emit : def.emit;
  row = def;
  row.emit = emit;
}

RegisterEmit::RegisterEmit(Op op, EmitRule emit) {
  OpDef& row = table()[static_cast<size_t>(op)];
  BURIN_CHECK(row.emit == nullptr, "an emit rule registered twice");
  row.emit = emit;
}

}  // namespace burin::graph
