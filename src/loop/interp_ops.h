// What each lane-wise operation computes: the half of the interpreter that knows arithmetic and no
// memory. Used by loop/interp.cpp only.
#pragma once

#include <array>
#include <string>

#include "loop/op.h"
#include "loop/type.h"

namespace burin::loop {

// Thrown by the interpreter on undefined behaviour of the interpreted function.
struct Trap {
  std::string reason;
};

// Operands and result as arrays of lanes in their C++ types; masks are bytes of 0 or 1.
struct LaneArgs {
  Op op = Op::add;
  Type result_type;
  void* result = nullptr;
  std::array<Type, 3> types;
  std::array<const void*, 3> operands = {};
};

// Bytes of one lane in the interpreter: those of the element, 1 for masks.
int lane_bytes(Elem elem);

// Executes any op that touches no memory and has no regions.
void run_lanes(const LaneArgs& args);

}  // namespace burin::loop
