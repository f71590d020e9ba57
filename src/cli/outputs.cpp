// Buffers by name, and one run.
#include "cli/outputs.h"

namespace burin::cli {

Result<Buffers> make_buffers(const runtime::Program& program,
                             const std::vector<driver::InputSpec>& specs) {
  Buffers buffers;
  for (const runtime::PortSpec& port : program.inputs) {
    const driver::InputSpec* found = nullptr;
    for (const driver::InputSpec& spec : specs) {
      if (spec.name == port.name) found = &spec;
    }
    if (!found || !found->value.valid()) return fail(port.name, "input without a value");
    if (!(found->value.type() == port.type)) {
      return fail(port.name,
                  "is " + found->value.type().text() + ", the program takes " + port.type.text());
    }
    buffers.inputs.push_back(found->value.data());
  }
  for (const runtime::PortSpec& port : program.outputs) {
    buffers.outputs.push_back({port.name, Tensor(port.type)});
  }
  for (NamedTensor& output : buffers.outputs) {
    buffers.output_pointers.push_back(output.value.mutable_data());
  }
  return buffers;
}

Result<NamedTensors> run_once(const driver::Engraved& engraved,
                              const std::vector<driver::InputSpec>& specs, int threads,
                              const isa::Target& target) {
  if (!isa::can_run(target)) return fail("--target", "this processor cannot run " + target.name);
  BURIN_ASSIGN(auto session, runtime::Session::create(engraved.program, threads));
  BURIN_ASSIGN(Buffers buffers, make_buffers(*engraved.program, specs));
  session->run(buffers.inputs, buffers.output_pointers);
  return std::move(buffers.outputs);
}

}  // namespace burin::cli
