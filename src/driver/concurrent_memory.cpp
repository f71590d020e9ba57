// The bands and chains that there could be if no two buffers shared memory.
#include "driver/concurrent_memory.h"

#include <algorithm>

#include "runtime/bands.h"
#include "runtime/single_tiles.h"
#include "runtime/step_cost.h"

namespace burin::driver {

namespace {

// What a step may touch, with each temporary in a memory of its own.
runtime::StepReach reach_apart(const lower::Lowered& lowered, const lower::Kernel& kernel,
                               const runtime::Step& step) {
  std::vector<runtime::Place> places = step.buffers;
  for (size_t b = 0; b < places.size(); ++b) {
    const lower::BufferUse& use = kernel.buffers[b];
    if (lowered.buffers[use.buffer].kind == lower::Buffer::Kind::temporary) {
      places[b] = {runtime::Place::Kind::arena, use.buffer.index, use.offset};
    }
  }
  return runtime::reach_of(step, places);
}

// Stretches of steps of one tile that two threads share.
std::vector<lower::Interleaved> find_strands(std::span<const runtime::StepReach> reaches,
                                             const runtime::Program& program) {
  constexpr int64_t kThreads = 2;
  std::vector<double> seconds;
  for (const runtime::Step& step : program.steps) seconds.push_back(least_seconds(step));
  std::vector<int64_t> shares = place_single_tiles(reaches, seconds, kThreads);
  std::vector<lower::Interleaved> found;
  for (size_t begin = 0, end = 0; begin < reaches.size(); begin = end + 1) {
    for (end = begin; end < reaches.size() && reaches[end].tiles == 1;) ++end;
    auto first = shares.begin() + static_cast<ptrdiff_t>(begin);
    std::vector<int64_t> strands(first, first + static_cast<ptrdiff_t>(end - begin));
    bool both = std::find_if(strands.begin(), strands.end(),
                             [&](int64_t s) { return s != strands[0]; }) != strands.end();
    if (both) found.push_back({begin, end, std::move(strands)});
  }
  return found;
}

}  // namespace

std::optional<lower::MemoryPlan> plan_concurrent_memory(const lower::Lowered& lowered,
                                                        const runtime::Program& program,
                                                        int64_t most_bytes) {
  std::vector<runtime::StepReach> reaches;
  for (size_t k = 0; k < program.steps.size(); ++k) {
    reaches.push_back(reach_apart(lowered, lowered.kernels[k], program.steps[k]));
  }
  std::vector<lower::Interleaved> interleaved = find_strands(reaches, program);
  for (const runtime::Band& band : runtime::plan_bands(reaches, 1, program.band_limits)) {
    interleaved.push_back({band.begin, band.end});
  }
  if (interleaved.empty()) return std::nullopt;
  lower::MemoryPlan plan = lower::plan_memory(lowered, interleaved);
  if (plan.arena_bytes > most_bytes) return std::nullopt;
  return plan;
}

}  // namespace burin::driver
