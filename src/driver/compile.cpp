// The stages in order, each timed.
#include "driver/compile.h"

#include <atomic>
#include <chrono>
#include <unordered_map>

#include "base/clock.h"
#include "driver/concurrent_memory.h"
#include "driver/fit_memory.h"
#include "driver/link.h"
#include "driver/parallel.h"
#include "driver/touches.h"
#include "isa/engrave.h"
#include "loop/equal.h"
#include "loop/verify.h"
#include "passes/run.h"
#include "runtime/cpu_count.h"

namespace burin::driver {

namespace {

constexpr int64_t kReleaseEvery = 16 << 20;  // bytes of packed constants
// In second-level caches: what steps of a band pass on, at least, and what is at hand of a band, at
// most: a part of what a third-level cache keeps for a core.
constexpr int64_t kCommonCaches = 8, kCachesAtHand = 12;
constexpr double kMostGrowth = 1.125;  // of the arena, or a part of a second-level cache
constexpr int64_t kMostGrowthPart = 4;

class Stopwatch {
 public:
  explicit Stopwatch(std::vector<StageTime>& times) : times_(times) {}
  void stage(std::string name) {
    auto now = Clock::now();
    times_.push_back({std::move(name), std::chrono::duration<double>(now - last_).count()});
    last_ = now;
  }

 private:
  std::vector<StageTime>& times_;
  Clock::time_point last_ = Clock::now();
};

// Kernels of the same code are engraved once: the index of the first of its kind, for each.
std::vector<size_t> find_equals(const lower::Lowered& lowered) {
  std::vector<size_t> first(lowered.kernels.size());
  std::unordered_multimap<uint64_t, size_t> seen;
  for (size_t k = 0; k < lowered.kernels.size(); ++k) {
    const loop::Function& function = lowered.kernels[k].function;
    uint64_t hash = loop::code_hash(function);
    first[k] = k;
    auto [begin, end] = seen.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      if (same_code(lowered.kernels[it->second].function, function)) first[k] = it->second;
    }
    if (first[k] == k) seen.emplace(hash, k);
  }
  return first;
}

// The codes of the distinct kernels, and for each lowered kernel which of them it is.
struct Engraving {
  std::vector<isa::Code> codes;
  std::vector<uint32_t> code_of;
  std::vector<size_t> kernel_of;                     // a lowered kernel for each code,
  std::vector<std::vector<runtime::Touch>> touches;  // and what it touches
};

// Which kernels are engraved, and which of them each lowered kernel is.
Engraving distinct_kernels(const lower::Lowered& lowered) {
  Engraving result;
  std::vector<size_t> first = find_equals(lowered);
  for (size_t k = 0; k < lowered.kernels.size(); ++k) {
    bool known = first[k] != k;
    result.code_of.push_back(known ? result.code_of[first[k]]
                                   : static_cast<uint32_t>(result.kernel_of.size()));
    if (!known) result.kernel_of.push_back(k);
  }
  return result;
}

Result<isa::Code> engrave_kernel(const lower::Kernel& kernel, const CompileOptions& options,
                                 const isa::EngraveOptions& engrave_options) {
  if (options.verify) {
    auto checked = loop::verify(kernel.function);
    if (!checked) return fail(kernel.name, "loop IR: " + checked.error().text());
  }
  auto code = isa::engrave(kernel.function, options.target, engrave_options);
  if (!code) return fail(kernel.name, code.error().text());
  return code;
}

// Engraves the distinct kernels and packs the constants, all in one parallel region: a thread that
// is slow to wake delays nothing.
Result<Engraving> engrave_and_pack(const lower::Lowered& lowered, const graph::Graph& graph,
                                   const CompileOptions& options, runtime::ThreadPool& pool,
                                   runtime::Program& program) {
  isa::EngraveOptions engrave_options;
  engrave_options.listing = options.listing;
  engrave_options.source_name = [&](uint32_t source) {
    return source < graph.sources.size() ? graph.sources[graph::SourceId(source)].name
                                         : std::string();
  };
  Engraving result = distinct_kernels(lowered);
  std::vector<Result<isa::Code>> codes(result.kernel_of.size());
  result.touches.resize(codes.size());
  auto writers = constant_writers(lowered, program);
  std::atomic<int64_t> packed = 0;
  parallel_for(pool, codes.size() + writers.size(), [&](size_t i) {
    if (i < codes.size()) {
      const lower::Kernel& kernel = lowered.kernels[result.kernel_of[i]];
      codes[i] = engrave_kernel(kernel, options, engrave_options);
      if (codes[i]) result.touches[i] = find_touches(kernel);
      return;
    }
    const ConstantWriter& writer = writers[i - codes.size()];
    writer.write();
    int64_t before = packed.fetch_add(writer.bytes);
    bool due = before / kReleaseEvery != (before + writer.bytes) / kReleaseEvery;
    if (due && options.release_model) options.release_model();
  });
  for (Result<isa::Code>& code : codes) {
    if (!code) return std::unexpected(std::move(code.error()));
    result.codes.push_back(*std::move(code));
  }
  return result;
}

// Kernels of the same code touch the same where they have as many tiles.
void set_touches(const lower::Lowered& lowered, const Engraving& engraving,
                 runtime::Program& program) {
  for (size_t k = 0; k < lowered.kernels.size(); ++k) {
    const lower::Kernel& kernel = lowered.kernels[k];
    uint32_t code = engraving.code_of[k];
    bool same_tiles = lowered.kernels[engraving.kernel_of[code]].tiles == kernel.tiles;
    program.steps[k].touches =
        clip_touches(same_tiles ? engraving.touches[code] : find_touches(kernel), kernel, lowered);
  }
}

// Gives the buffers their places, by a plan that lets steps form bands and chains if it takes
// little more.
void set_places(const lower::Lowered& lowered, const CompileOptions& options,
                lower::MemoryPlan& plan, runtime::Program& program) {
  place_buffers(lowered, plan, program);
  int64_t cache = options.target.machine.l2_bytes;
  program.band_limits = {kCommonCaches * cache, kCachesAtHand * cache};
  auto most = static_cast<int64_t>(kMostGrowth * static_cast<double>(plan.arena_bytes));
  most = std::max(most, plan.arena_bytes + cache / kMostGrowthPart);
  if (options.max_memory > 0) {
    most = std::min(most, options.max_memory - plan.scratch_bytes - program.constant_bytes);
  }
  std::optional<lower::MemoryPlan> other = plan_concurrent_memory(lowered, program, most);
  if (!other) return;
  plan = *std::move(other);
  place_buffers(lowered, plan, program);
}

std::vector<ArenaBuffer> arena_buffers(const lower::Lowered& lowered,
                                       const lower::MemoryPlan& plan) {
  std::vector<ArenaBuffer> buffers;
  std::unordered_map<uint32_t, size_t> known;
  for (size_t k = 0; k < lowered.kernels.size(); ++k) {
    for (const lower::BufferUse& use : lowered.kernels[k].buffers) {
      const lower::Buffer& buffer = lowered.buffers[use.buffer];
      if (buffer.kind != lower::Buffer::Kind::temporary) continue;
      auto [it, added] = known.emplace(use.buffer.index, buffers.size());
      if (added) buffers.push_back({plan.offsets[use.buffer], buffer.bytes, k, k});
      buffers[it->second].last = k;
    }
  }
  return buffers;
}

}  // namespace

Result<Compiled> compile(const graph::Graph& graph, const CompileOptions& options) {
  Compiled result;
  Stopwatch watch(result.times);

  passes::PassOptions pass_options;
  pass_options.disabled = options.disabled_passes;
  pass_options.bisect_limit = options.bisect_limit;
  pass_options.verify = options.verify;
  pass_options.changes = options.keep;
  BURIN_ASSIGN(passes::Optimized optimized, passes::run_passes(graph, pass_options));
  watch.stage("passes");

  runtime::ThreadPool pool(options.threads > 0 ? options.threads : runtime::usable_cpus());
  auto parallel = [&pool](size_t count, const std::function<void(size_t)>& work) {
    parallel_for(pool, count, work);
  };
  BURIN_ASSIGN(Fitted fitted, lower_to_fit(optimized.graph, options, parallel));
  lower::Lowered& lowered = fitted.lowered;
  lower::MemoryPlan& plan = fitted.plan;
  result.recomputation = fitted.recomputation;
  watch.stage("lower");

  BURIN_ASSIGN(Engraving engraving,
               engrave_and_pack(lowered, optimized.graph, options, pool, result.program));
  link(lowered, engraving.codes, engraving.code_of, result.program);
  set_touches(lowered, engraving, result.program);
  set_places(lowered, options, plan, result.program);
  name_ports(optimized.graph, result.program);
  watch.stage("engrave");

  if (!options.keep) return result;
  auto kept = std::make_shared<Intermediates>();
  kept->passes = std::move(optimized.times);
  kept->graph = std::move(optimized.graph);
  kept->buffers = arena_buffers(lowered, plan);
  std::vector<lower::KernelStory> stories = lower::explain(kept->graph, lowered);
  for (size_t k = 0; k < stories.size(); ++k) {
    lower::Kernel& kernel = lowered.kernels[k];
    kept->steps.push_back({std::move(stories[k]), std::move(kernel.refused), kernel.cycles});
  }
  for (size_t i = 0; i < engraving.codes.size(); ++i) {
    kept->functions.push_back(std::move(lowered.kernels[engraving.kernel_of[i]].function));
    kept->listings.push_back(std::move(engraving.codes[i].listing));
  }
  kept->choices = std::move(lowered.choices);
  result.intermediates = std::move(kept);
  return result;
}

}  // namespace burin::driver
