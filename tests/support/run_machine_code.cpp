// Executions through the whole compiler: each target that this host can run, on one and on two
// threads, which must give the same bits.
#include <algorithm>
#include <cstring>

#include "driver/compile.h"
#include "runtime/session.h"
#include "tests/support/run_case.h"

namespace burin::test {

namespace {

std::vector<Tensor> run_session(runtime::Session& session, const graph::Graph& graph,
                                std::span<const Tensor> inputs) {
  std::vector<const void*> in;
  for (const Tensor& input : inputs) in.push_back(input.data());
  std::vector<Tensor> outputs;
  for (const graph::Port& port : graph.outputs) outputs.emplace_back(graph.type(port.node));
  std::vector<void*> out;
  for (Tensor& output : outputs) out.push_back(output.mutable_data());
  session.run(in, out);
  return outputs;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return std::memcmp(a.data(), b.data(), a.bytes().size()) == 0;
}

Result<std::vector<Tensor>> run_machine_code(const graph::Graph& graph,
                                             std::span<const Tensor> inputs,
                                             const char* target_name) {
  driver::CompileOptions options{.verify = true};
  BURIN_ASSIGN(options.target, isa::target_from_name(target_name));
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(graph, options));
  auto program = std::make_shared<const runtime::Program>(std::move(compiled.program));
  std::vector<Tensor> outputs;
  // Starting threads takes longer than all the rest: only where they have tiles to share.
  bool shared =
      std::ranges::any_of(program->steps, [](const auto& step) { return step.tiles > 1; });
  for (int threads = 1; threads <= (shared ? 2 : 1); ++threads) {
    BURIN_ASSIGN(auto session, runtime::Session::create(program, threads));
    std::vector<Tensor> now = run_session(*session, graph, inputs);
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!same_bits(outputs[i], now[i])) {
        return fail(graph.outputs[i].name, "has other bits on two threads than on one");
      }
    }
    outputs = std::move(now);
  }
  return outputs;
}

std::optional<std::string> why_not(const char* target_name) {
  auto target = isa::target_from_name(target_name);
  if (!target) return target.error().text();
  if (!isa::can_run(*target)) return "this host has no " + std::string(target_name);
  return std::nullopt;
}

#define X(target)                                                          \
  const RegisterExecution register_##target(                               \
      {.name = "machine_code_" #target,                                    \
       .run =                                                              \
           [](const graph::Graph& graph, std::span<const Tensor> inputs) { \
             return run_machine_code(graph, inputs, #target);              \
           },                                                              \
       .unavailable = [] { return why_not(#target); }});
X(avx2)
X(avx512)
#undef X

}  // namespace

}  // namespace burin::test
