// A session for one run.
#include "driver/run_program.h"

#include <cstring>

#include "base/check.h"
#include "runtime/session.h"

namespace burin::driver {

namespace {

void show_values(const graph::Graph& graph, const runtime::Session& session, size_t index,
                 const ValueVisitor& visit) {
  for (auto [node, buffer, offset] : session.program().steps[index].results) {
    Tensor value(graph.type(graph::NodeId(node)));
    const auto* place = static_cast<const std::byte*>(session.buffer(index, buffer));
    std::memcpy(value.mutable_data(), place + offset, value.bytes().size());
    visit(index, graph::NodeId(node), value);
  }
}

}  // namespace

Result<std::vector<Tensor>> run_program(const Compiled& compiled, std::span<const Tensor> inputs,
                                        int threads, const ValueVisitor& visit) {
  BURIN_CHECK(!visit || compiled.intermediates, "showing values needs the kept graph");
  auto program = std::make_shared<runtime::Program>(compiled.program);
  BURIN_ASSIGN(auto session, runtime::Session::create(program, threads));
  std::vector<const void*> in;
  std::vector<Tensor> outputs;
  std::vector<void*> out;
  for (const Tensor& t : inputs) in.push_back(t.data());
  for (const auto& port : program->outputs) outputs.emplace_back(port.type);
  for (Tensor& t : outputs) out.push_back(t.mutable_data());
  if (!visit) {
    session->run(in, out);
    return outputs;
  }
  const graph::Graph& graph = compiled.intermediates->graph;
  session->run_stepwise(in, out, [&](size_t index) { show_values(graph, *session, index, visit); });
  return outputs;
}

}  // namespace burin::driver
