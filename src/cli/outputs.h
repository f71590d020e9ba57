// Running a program once and keeping what it gives.
#pragma once

#include <string>
#include <vector>

#include "cli/common.h"
#include "runtime/session.h"

namespace burin::cli {

struct NamedTensor {
  std::string name;
  Tensor value;
};
using NamedTensors = std::vector<NamedTensor>;

// The caller's buffers for a program: pointers to the inputs' values, and fresh outputs.
struct Buffers {
  std::vector<const void*> inputs;
  NamedTensors outputs;
  std::vector<void*> output_pointers;
};
// Each input of the program needs a spec with a value of its type.
Result<Buffers> make_buffers(const runtime::Program& program,
                             const std::vector<driver::InputSpec>& specs);

Result<NamedTensors> run_once(const driver::Engraved& engraved,
                              const std::vector<driver::InputSpec>& specs, int threads,
                              const isa::Target& target);

}  // namespace burin::cli
