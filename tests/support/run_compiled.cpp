// The whole driver as executions of every op case: machine code of each target, on one thread and
// on two.
#include <algorithm>

#include "driver/compile.h"
#include "isa/target.h"
#include "runtime/session.h"
#include "tests/support/run_case.h"

namespace burin::test {

namespace {

Result<std::vector<Tensor>> run_compiled(const graph::Graph& graph, std::span<const Tensor> inputs,
                                         const char* target_name, int threads) {
  driver::CompileOptions options;
  BURIN_ASSIGN(options.target, isa::target_from_name(target_name));
  options.verify = true;
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(graph, options));
  auto program = std::make_shared<const runtime::Program>(std::move(compiled.program));
  // Starting threads takes longer than everything else; they need something to share.
  bool shared =
      std::ranges::any_of(program->steps, [](const auto& step) { return step.tiles > 1; });
  if (!shared) threads = 1;
  BURIN_ASSIGN(std::unique_ptr<runtime::Session> session,
               runtime::Session::create(program, threads));
  std::vector<const void*> in;
  for (const Tensor& input : inputs) in.push_back(input.data());
  std::vector<Tensor> outputs;
  std::vector<void*> out;
  for (const runtime::PortSpec& port : program->outputs) outputs.emplace_back(port.type);
  for (Tensor& output : outputs) out.push_back(output.mutable_data());
  session->run(in, out);
  return outputs;
}

Execution compiled_execution(const char* target_name, int threads) {
  Execution execution;
  execution.name = std::string(target_name) + (threads == 1 ? "_1_thread" : "_2_threads");
  execution.run = [=](const graph::Graph& graph, std::span<const Tensor> inputs) {
    return run_compiled(graph, inputs, target_name, threads);
  };
  execution.unavailable = [=]() -> std::optional<std::string> {
    auto target = isa::target_from_name(target_name);
    if (target && isa::can_run(*target)) return std::nullopt;
    return std::string("this host does not run ") + target_name;
  };
  return execution;
}

const RegisterExecution register_avx2_1(compiled_execution("avx2", 1));
const RegisterExecution register_avx2_2(compiled_execution("avx2", 2));
const RegisterExecution register_avx512_1(compiled_execution("avx512", 1));
const RegisterExecution register_avx512_2(compiled_execution("avx512", 2));

}  // namespace

}  // namespace burin::test
