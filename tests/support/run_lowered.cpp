// Interpretation of lowered graphs, and its registration as executions of every op case.
#include "tests/support/run_lowered.h"

#include "isa/target.h"
#include "loop/interp.h"
#include "loop/verify.h"
#include "lower/lower.h"
#include "lower/memory_plan.h"
#include "passes/run.h"
#include "tests/support/run_case.h"

namespace burin::test {

namespace {

using lower::Buffer;
using lower::BufferId;
using lower::Lowered;

// Where each buffer lies. Temporaries are filled with a pattern, so that reading before writing
// shows.
struct Memory {
  std::shared_ptr<std::byte> arena;
  std::vector<Tensor> outputs;
  std::vector<std::shared_ptr<std::byte>> copies;
  IdVector<BufferId, std::byte*> places;
};

std::byte* keep_copy(Memory& memory, int64_t bytes, const std::byte* from) {
  memory.copies.push_back(allocate_bytes(std::max<int64_t>(bytes, 1)));
  if (from) std::memcpy(memory.copies.back().get(), from, static_cast<size_t>(bytes));
  return memory.copies.back().get();
}

Memory place(const graph::Graph& graph, const Lowered& lowered, std::span<const Tensor> inputs) {
  Memory memory;
  lower::MemoryPlan plan = lower::plan_memory(lowered);
  memory.arena = allocate_bytes(std::max<int64_t>(plan.arena_bytes, 1));
  std::memset(memory.arena.get(), 0xa5, static_cast<size_t>(plan.arena_bytes));
  for (const graph::Port& port : graph.outputs) memory.outputs.emplace_back(graph.type(port.node));
  for (size_t i = 0; i < lowered.buffers.size(); ++i) {
    const Buffer& buffer = lowered.buffers[BufferId(i)];
    std::byte* at = nullptr;
    if (buffer.kind == Buffer::Kind::temporary) {
      at = memory.arena.get() + plan.offsets[BufferId(i)];
    } else if (buffer.kind == Buffer::Kind::scratch) {
      at = keep_copy(memory, buffer.bytes, nullptr);
    } else if (buffer.kind == Buffer::Kind::input) {
      at = keep_copy(memory, buffer.bytes, inputs[buffer.port].data());
    } else if (buffer.kind == Buffer::Kind::output) {
      at = memory.outputs[buffer.port].mutable_data();
    } else {
      at = keep_copy(memory, buffer.bytes, buffer.fill ? nullptr : buffer.constant.data());
      if (buffer.fill) buffer.fill(at);
    }
    memory.places.push_back(at);
  }
  return memory;
}

// What a tile leaves in scratch memory must not matter to the next.
void spoil_scratch(const lower::Kernel& kernel, const Lowered& lowered, const Memory& memory) {
  for (const lower::BufferUse& use : kernel.buffers) {
    const Buffer& buffer = lowered.buffers[use.buffer];
    if (buffer.kind != Buffer::Kind::scratch) continue;
    std::memset(memory.places[use.buffer], 0xa5, static_cast<size_t>(buffer.bytes));
  }
}

std::expected<void, Diagnostic> run_kernel(const lower::Kernel& kernel, const Lowered& lowered,
                                           const Memory& memory) {
  if (auto ok = loop::verify(kernel.function); !ok) return ok;
  std::vector<void*> pointers;
  std::vector<int64_t> bytes;
  for (const lower::BufferUse& use : kernel.buffers) {
    pointers.push_back(memory.places[use.buffer] + use.offset);
    bytes.push_back(lowered.buffers[use.buffer].bytes - use.offset);
  }
  for (int64_t tile = kernel.tiles; tile-- > 0;) {  // the order of tiles must not matter
    spoil_scratch(kernel, lowered, memory);
    auto done = loop::interpret(kernel.function, pointers, tile, {.buffer_bytes = bytes});
    if (!done) return done;
  }
  return {};
}

Result<std::vector<Tensor>> interpret(const graph::Graph& graph, std::span<const Tensor> inputs,
                                      const char* target_name, bool optimise,
                                      bool small_caches = false) {
  BURIN_ASSIGN(isa::Target target, isa::target_from_name(target_name));
  if (small_caches) target.machine.l1_bytes = 256, target.machine.l2_bytes = 1024;
  if (!optimise) {
    BURIN_ASSIGN(Lowered lowered, lower::lower(graph, target.machine));
    return run_lowered(graph, lowered, inputs);
  }
  BURIN_ASSIGN(passes::Optimized optimised, passes::run_passes(graph, {.verify = true}));
  BURIN_ASSIGN(Lowered lowered, lower::lower(optimised.graph, target.machine));
  return run_lowered(optimised.graph, lowered, inputs);
}

const RegisterExecution register_interpreted_avx2({.name = "interpreted_avx2",
                                                   .run = [](const auto& graph, auto inputs) {
                                                     return interpret(graph, inputs, "avx2", false);
                                                   }});
const RegisterExecution register_interpreted_avx512({.name = "interpreted_avx512",
                                                     .run = [](const auto& graph, auto inputs) {
                                                       return interpret(graph, inputs, "avx512",
                                                                        true);
                                                     }});

// What is small enough for tests is large for this machine, and goes by the ways of large values.
const RegisterExecution register_small_caches({.name = "interpreted_small_caches",
                                               .run = [](const auto& graph, auto inputs) {
                                                 return interpret(graph, inputs, "avx512", true,
                                                                  true);
                                               }});

}  // namespace

Result<std::vector<Tensor>> run_lowered(const graph::Graph& graph, const Lowered& lowered,
                                        std::span<const Tensor> inputs) {
  Memory memory = place(graph, lowered, inputs);
  for (const lower::Kernel& kernel : lowered.kernels) {
    if (auto done = run_kernel(kernel, lowered, memory); !done) {
      return fail(kernel.name, done.error().text());
    }
  }
  return std::move(memory.outputs);
}

}  // namespace burin::test
