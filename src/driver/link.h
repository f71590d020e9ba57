// Puts a program together: codes one after the other, constants in one block, every kernel's
// buffers at their places.
#pragma once

#include <span>

#include "isa/engrave.h"
#include "lower/memory_plan.h"
#include "runtime/program.h"

namespace burin::driver {

// Refuses when arena and constants together take more than `max_memory` bytes (0: no limit).
Result<void> check_memory(const lower::Lowered& lowered, const lower::MemoryPlan& plan,
                          int64_t max_memory);

// code_of[k] is the index in `codes` of lowered kernel k.
runtime::Program link(const lower::Lowered& lowered, const lower::MemoryPlan& plan,
                      std::span<const isa::Code> codes, std::span<const uint32_t> code_of);

// Names and types of the program's inputs and outputs.
void name_ports(const graph::Graph& graph, runtime::Program& program);

// Allocates the block of constants and packs the weights into it.
void fill_constants(const lower::Lowered& lowered, runtime::Program& program);

}  // namespace burin::driver
