// From a graph and its inputs to outputs by machine code.
#include "driver/compile.h"
#include "runtime/session.h"
#include "tests/support/conformance.h"

namespace burin::test {

Result<std::vector<Tensor>> run_as_machine_code(const graph::Graph& graph,
                                                std::span<const Tensor> inputs,
                                                const CaseOptions& options) {
  if (inputs.size() != graph.inputs.size()) return fail("", "a wrong number of inputs");
  driver::CompileOptions compile_options;
  BURIN_ASSIGN(compile_options.target, isa::target_from_name(options.target));
  compile_options.verify = true;
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(graph, compile_options));
  auto program = std::make_shared<const runtime::Program>(std::move(compiled.program));
  BURIN_ASSIGN(auto session, runtime::Session::create(program, options.threads));
  std::vector<const void*> in;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].type() != program->inputs[i].type) {
      return fail("input '" + program->inputs[i].name + "'",
                  "has the type " + inputs[i].type().text() + " where " +
                      program->inputs[i].type.text() + " is taken");
    }
    in.push_back(inputs[i].data());
  }
  std::vector<Tensor> outputs;
  std::vector<void*> out;
  for (const runtime::PortSpec& port : program->outputs) outputs.emplace_back(port.type);
  for (Tensor& tensor : outputs) out.push_back(tensor.mutable_data());
  session->run(in, out);
  return outputs;
}

}  // namespace burin::test
