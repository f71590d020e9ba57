// How long a kernel would take at the machine's limits. The model:
//   compute   operations that the algorithm performs, over the measured fp32 peak
//   traffic   bytes that must be read or written at least once, over the read bandwidth of the
//   level
//             of memory that they come from. Activations come from the smallest level that holds
//             what the kernel touches; weights, which nothing else has touched since the last run,
//             from the smallest that holds all that a run of the program touches.
// The larger of the two is the roof. It leaves out what instructions other than multiply-adds cost
// (exponentials, movement inside registers) and that writing is slower than reading.
#pragma once

#include <string_view>

#include "driver/peak.h"
#include "runtime/program.h"

namespace burin::driver {

enum class Bound : uint8_t { compute, l2, l3, memory };
std::string_view name_of(Bound bound);  // "compute", "L2", "L3", "memory"

struct Roof {
  double compute = 0, traffic = 0;  // seconds
  Bound bound = Bound::compute;     // for traffic: the level that costs most of it
  double seconds() const { return compute > traffic ? compute : traffic; }
};

Roof roof_of(const runtime::Step& step, const runtime::Program& program,
             const loop::Machine& machine, const Limits& limits);

// Bytes per second of a level other than compute.
double bandwidth_of(const Limits& limits, Bound level);

}  // namespace burin::driver
