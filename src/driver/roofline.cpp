// Levels by what must fit.
#include "driver/roofline.h"

namespace burin::driver {

namespace {

Bound level_for(double bytes, const loop::Machine& machine, int threads) {
  if (bytes <= static_cast<double>(machine.l2_bytes) * threads) return Bound::l2;
  if (bytes <= static_cast<double>(machine.l3_bytes)) return Bound::l3;
  return Bound::memory;
}

// What one run touches.
double footprint(const runtime::Program& program) {
  auto bytes = static_cast<double>(program.constant_bytes + program.arena_bytes);
  for (const runtime::PortSpec& port : program.inputs)
    bytes += static_cast<double>(port.type.bytes());
  for (const runtime::PortSpec& port : program.outputs) {
    bytes += static_cast<double>(port.type.bytes());
  }
  return bytes;
}

}  // namespace

std::string_view name_of(Bound bound) {
  switch (bound) {
    case Bound::compute: return "compute";
    case Bound::l2: return "L2";
    case Bound::l3: return "L3";
    case Bound::memory: return "memory";
  }
  __builtin_unreachable();
}

double bandwidth_of(const Limits& limits, Bound level) {
  if (level == Bound::l2) return limits.l2;
  return level == Bound::l3 ? limits.l3 : limits.memory;
}

Roof roof_of(const runtime::Step& step, const runtime::Program& program,
             const loop::Machine& machine, const Limits& limits) {
  Bound near = level_for(step.bytes, machine, limits.threads);
  Bound far = level_for(footprint(program), machine, limits.threads);
  double activations = (step.bytes - step.weight_bytes) / bandwidth_of(limits, near);
  double weights = step.weight_bytes / bandwidth_of(limits, far);
  Roof roof;
  roof.compute = step.performed / limits.flops;
  roof.traffic = activations + weights;
  roof.bound = roof.compute >= roof.traffic ? Bound::compute : weights > activations ? far : near;
  return roof;
}

}  // namespace burin::driver
