// Interpretation of lowered graphs, and its registration as executions of every op case.
#include "tests/support/run_lowered.h"

#include <algorithm>
#include <limits>

#include "driver/concurrent_memory.h"
#include "driver/touches.h"
#include "isa/target.h"
#include "loop/interp.h"
#include "loop/verify.h"
#include "lower/lower.h"
#include "lower/memory_plan.h"
#include "passes/run.h"
#include "runtime/run_ahead.h"
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

Memory place(const graph::Graph& graph, const Lowered& lowered, const lower::MemoryPlan& plan,
             std::span<const Tensor> inputs) {
  Memory memory;
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

runtime::Place place_of(const Buffer& buffer, int64_t arena_offset, int64_t use_offset) {
  using Kind = runtime::Place::Kind;
  switch (buffer.kind) {
    case Buffer::Kind::temporary: return {Kind::arena, 0, arena_offset + use_offset};
    case Buffer::Kind::scratch: return {Kind::scratch, 0, 0};
    case Buffer::Kind::constant: return {Kind::constant, 0, 0};
    case Buffer::Kind::input: return {Kind::input, buffer.port, use_offset};
    case Buffer::Kind::output: return {Kind::output, buffer.port, use_offset};
  }
  __builtin_unreachable();
}

void set_places(const Lowered& lowered, const lower::MemoryPlan& plan, runtime::Program& program) {
  for (size_t k = 0; k < lowered.kernels.size(); ++k) {
    program.steps[k].buffers.clear();
    for (const lower::BufferUse& use : lowered.kernels[k].buffers) {
      program.steps[k].buffers.push_back(
          place_of(lowered.buffers[use.buffer], plan.offsets[use.buffer], use.offset));
    }
  }
}

// The steps of a program, without code, that runs slice by slice whatever it can; with the memory
// for that.
runtime::Program steps_of(const Lowered& lowered, lower::MemoryPlan& plan) {
  runtime::Program program;
  program.band_limits = {1, std::numeric_limits<int64_t>::max() / 4};
  for (const lower::Kernel& kernel : lowered.kernels) {
    runtime::Step step;
    step.tiles = kernel.tiles;
    step.touches = driver::clip_touches(driver::find_touches(kernel), kernel, lowered);
    program.steps.push_back(std::move(step));
  }
  plan = lower::plan_memory(lowered);
  set_places(lowered, plan, program);
  if (auto banded =
          driver::plan_concurrent_memory(lowered, program, program.band_limits.most_at_hand)) {
    plan = *std::move(banded);
    set_places(lowered, plan, program);
  }
  return program;
}

// Kernels and their tiles as shares of threads run them, one share as far ahead of the others as
// `runtime/run_ahead.h` lets it, so that a tile that begins too early shows.
class Shares {
 public:
  Shares(const Lowered& lowered, const Memory& memory, runtime::Program program, RunOrder order)
      : lowered_(lowered), memory_(memory), order_(order), at_(static_cast<size_t>(order.shares)) {
    stages_ = runtime::plan_stages(program, order.shares);
    for (runtime::Step& step : program.steps) touches_.push_back(std::move(step.touches));
  }

  std::expected<void, Diagnostic> run() {
    for (Cursor& cursor : at_) skip_empty(cursor);
    for (;;) {
      bool over = true, ran = false;
      // The leader, or the next behind it that may run.
      for (int i = 0; i < order_.shares && !ran; ++i) {
        Cursor& cursor = at_[static_cast<size_t>((order_.leader + i) % order_.shares)];
        if (cursor.stage == stages_.size()) continue;
        over = false;
        if (!may_run(cursor)) continue;
        if (auto done = run_tile(cursor); !done) return done;
        ran = true;
      }
      if (over) return {};
      if (!ran) return fail("shares", "none may run");
    }
  }

 private:
  struct Cursor {
    size_t stage = 0;
    int64_t tiles = 0;  // that it has run of the stage
  };

  int64_t share_of(const Cursor& cursor) const { return &cursor - at_.data(); }
  const runtime::TileRange& range(const Cursor& cursor) const {
    return stages_[cursor.stage].shares[static_cast<size_t>(share_of(cursor))];
  }
  runtime::EarlyTiles early(const Cursor& cursor) const {
    const auto& early = stages_[cursor.stage].early;
    return early.empty() ? runtime::EarlyTiles{} : early[static_cast<size_t>(share_of(cursor))];
  }

  void skip_empty(Cursor& cursor) const {
    while (cursor.stage < stages_.size() && cursor.tiles == range(cursor).count) {
      ++cursor.stage, cursor.tiles = 0;
    }
  }

  bool may_run(const Cursor& cursor) const {
    auto lag = static_cast<size_t>(cursor.tiles < early(cursor).count ? early(cursor).lag : 0);
    return std::all_of(at_.begin(), at_.end(), [&](const Cursor& other) {
      return &other == &cursor || other.stage + lag >= cursor.stage;
    });
  }

  // The early ones first, each kind from its end: the order of tiles must not matter.
  std::expected<void, Diagnostic> run_tile(Cursor& cursor) {
    int64_t count = range(cursor).count, many = early(cursor).count;
    int64_t i = cursor.tiles < many ? many - 1 - cursor.tiles : count - 1 - (cursor.tiles - many);
    int64_t tile = range(cursor).first + (early(cursor).first + i) % count;
    auto done = run_kernel_tile(stages_[cursor.stage].step, tile);
    ++cursor.tiles;
    skip_empty(cursor);
    return done;
  }

  std::expected<void, Diagnostic> run_kernel_tile(size_t k, int64_t tile) const {
    const lower::Kernel& kernel = lowered_.kernels[k];
    if (auto ok = loop::verify(kernel.function); !ok) return ok;
    size_t part = runtime::kStepParts - 1;
    while (runtime::share_begin(kernel.tiles, static_cast<int64_t>(part), runtime::kStepParts) >
           tile) {
      --part;
    }
    std::vector<void*> pointers;
    std::vector<ByteRange> accessible;
    for (size_t b = 0; b < kernel.buffers.size(); ++b) {
      const lower::BufferUse& use = kernel.buffers[b];
      pointers.push_back(memory_.places[use.buffer] + use.offset);
      accessible.push_back(touches_[k][b].parts[part]);
      if (touches_[k][b].writes && !kernel.writes[b]) {
        return fail(kernel.name, "writes a buffer that it only reads");
      }
    }
    spoil_scratch(kernel, lowered_, memory_);
    auto done = loop::interpret(kernel.function, pointers, tile, {.accessible = accessible});
    if (!done) return fail(kernel.name, done.error().text());
    return {};
  }

  const Lowered& lowered_;
  const Memory& memory_;
  const RunOrder order_;
  std::vector<runtime::Stage> stages_;
  std::vector<std::vector<runtime::Touch>> touches_;  // by kernel
  std::vector<Cursor> at_;                            // by share
};

struct Interpretation {
  const char* target = "avx512";
  RunOrder order;
  bool optimise = true;
  bool small_caches = false;
};

Result<std::vector<Tensor>> interpret(const graph::Graph& graph, std::span<const Tensor> inputs,
                                      const Interpretation& way) {
  BURIN_ASSIGN(isa::Target target, isa::target_from_name(way.target));
  if (way.small_caches) target.machine.l1_bytes = 256, target.machine.l2_bytes = 1024;
  if (!way.optimise) {
    BURIN_ASSIGN(Lowered lowered, lower::lower(graph, target.machine));
    return run_lowered(graph, lowered, inputs, way.order);
  }
  BURIN_ASSIGN(passes::Optimized optimised, passes::run_passes(graph, {.verify = true}));
  BURIN_ASSIGN(Lowered lowered, lower::lower(optimised.graph, target.machine));
  return run_lowered(optimised.graph, lowered, inputs, way.order);
}

const RegisterExecution register_interpreted_avx2(
    {.name = "interpreted_avx2", .run = [](const auto& graph, auto inputs) {
       return interpret(graph, inputs, {.target = "avx2", .order = {2, 0}, .optimise = false});
     }});
const RegisterExecution register_interpreted_avx512(
    {.name = "interpreted_avx512", .run = [](const auto& graph, auto inputs) {
       return interpret(graph, inputs, {.order = {2, 1}});
     }});

// What is small enough for tests is large for this machine, and goes by the ways of large values.
const RegisterExecution register_small_caches(
    {.name = "interpreted_small_caches", .run = [](const auto& graph, auto inputs) {
       return interpret(graph, inputs, {.order = {3, 1}, .small_caches = true});
     }});

}  // namespace

Result<std::vector<Tensor>> run_lowered(const graph::Graph& graph, const Lowered& lowered,
                                        std::span<const Tensor> inputs, RunOrder order) {
  lower::MemoryPlan plan;
  runtime::Program program = steps_of(lowered, plan);
  Memory memory = place(graph, lowered, plan, inputs);
  if (auto done = Shares(lowered, memory, std::move(program), order).run(); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return std::move(memory.outputs);
}

}  // namespace burin::test
