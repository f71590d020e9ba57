// Puts a program together: codes one after the other, constants in one block, every kernel's
// buffers at their places.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "isa/engrave.h"
#include "lower/memory_plan.h"
#include "runtime/program.h"

namespace burin::driver {

// What the kernels' constants take together.
int64_t constant_bytes(const lower::Lowered& lowered);

// Code and steps of the program. code_of[k] is the index in `codes` of lowered kernel k.
void link(const lower::Lowered& lowered, std::span<const isa::Code> codes,
          std::span<const uint32_t> code_of, runtime::Program& program);

// The program's memory, its constants apart, and the places of its steps' buffers.
void place_buffers(const lower::Lowered& lowered, const lower::MemoryPlan& plan,
                   runtime::Program& program);

// The network's name, and names and types of its inputs and outputs.
void name_ports(const graph::Graph& graph, runtime::Program& program);

// Packs a constant or a part of one, on any thread.
struct ConstantWriter {
  int64_t bytes = 0;
  std::function<void()> write;
};

// Allocates the program's block of constants. Each writer packs some of it; `lowered` and
// the program must still be there.
std::vector<ConstantWriter> constant_writers(const lower::Lowered& lowered,
                                             runtime::Program& program);

}  // namespace burin::driver
