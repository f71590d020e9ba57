// The loop IR: one kernel as structured SSA. A function takes a table of buffer pointers and a tile
// index; its body is a tree of regions. Built with loop/builder.h, checked by loop/verify.h,
// printed by loop/print.h, executed slowly by loop/interp.h, engraved by src/isa.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "loop/op.h"
#include "loop/type.h"

namespace burin::loop {

struct Value {
  static constexpr uint32_t kNone = ~0u;
  uint32_t index = kNone;
  bool valid() const { return index != kNone; }
  friend constexpr auto operator<=>(Value, Value) = default;
};

using InstId = uint32_t;
using RegionId = uint32_t;
inline constexpr uint32_t kNoRegion = ~0u;
inline constexpr uint32_t kNoSource = ~0u;

// One operation. Memory ops (load, load_splat, gather, store, stream, offset, prefetch) address
//   base + index * scale + disp      operands: base, index, mask, value; absent ones are invalid.
// loop:  operands lo, hi, init...; `imm` is the positive step; `body` has parameters i, carried...
//        and yields the next carried values; the results are the last carried values. It runs
//        while i < hi (signed), possibly never.
// branch: operand is a one-lane mask; `body` and `other` (may be kNoRegion) yield nothing.
struct Inst {
  Op op = Op::add;
  uint8_t scale = 1;  // 1, 2, 4 or 8
  uint16_t operand_count = 0;
  uint32_t operands = 0;           // first of operand_count entries in Function::operand_pool
  uint32_t result = Value::kNone;  // first result
  uint16_t result_count = 0;
  int32_t disp = 0;
  int64_t imm = 0;
  RegionId body = kNoRegion, other = kNoRegion;
  uint32_t source = kNoSource;  // index of the graph Source that asked for it
};

struct Region {
  std::vector<Value> params;
  std::vector<InstId> insts;
  std::vector<Value> yields;
};

// A value without a defining instruction that dominates everything: a literal splat to all lanes.
// A mask is 0 or 1.
struct Constant {
  Value value;
  uint64_t bits = 0;  // of one element, as canonical_bits makes them
  friend bool operator==(const Constant&, const Constant&) = default;
};

struct Function {
  std::string name;
  std::vector<Type> types;      // of each value
  std::vector<Value> pointers;  // parameters: one per buffer
  Value tile;                   // parameter: which tile to compute, 0 <= tile < tile count
  std::vector<Constant> constants;
  std::vector<Inst> insts;
  std::vector<Value> operand_pool;
  std::vector<Region> regions;  // regions[0] is the body

  Type type(Value v) const { return types[v.index]; }
  std::span<const Value> operands(const Inst& inst) const {
    return {operand_pool.data() + inst.operands, inst.operand_count};
  }
};

}  // namespace burin::loop
