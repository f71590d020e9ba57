// The bands that there could be if no two buffers shared memory.
#include "driver/band_memory.h"

#include "runtime/bands.h"

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

}  // namespace

std::optional<lower::MemoryPlan> plan_band_memory(const lower::Lowered& lowered,
                                                  const runtime::Program& program,
                                                  int64_t most_bytes) {
  std::vector<runtime::StepReach> reaches;
  for (size_t k = 0; k < program.steps.size(); ++k) {
    reaches.push_back(reach_apart(lowered, lowered.kernels[k], program.steps[k]));
  }
  std::vector<lower::Interleaved> interleaved;
  for (const runtime::Band& band : runtime::plan_bands(reaches, 1, program.band_limits)) {
    interleaved.push_back({band.begin, band.end});
  }
  if (interleaved.empty()) return std::nullopt;
  lower::MemoryPlan plan = lower::plan_memory(lowered, interleaved);
  if (plan.arena_bytes > most_bytes) return std::nullopt;
  return plan;
}

}  // namespace burin::driver
