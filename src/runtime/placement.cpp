// An affinity of one processor moves a thread at once; the old one lets it go.
#include "runtime/placement.h"

#include <sched.h>

namespace burin::runtime {

namespace {

// The `turn`-th processor of the set after `cpu`, round and round without it; `cpu` must be in it.
int other_cpu(const cpu_set_t& usable, int cpu, size_t turn) {
  size_t others = static_cast<size_t>(CPU_COUNT(&usable)) - 1;
  for (size_t left = (turn - 1) % others + 1; left > 0;) {
    cpu = (cpu + 1) % CPU_SETSIZE;
    if (CPU_ISSET(cpu, &usable)) --left;
  }
  return cpu;
}

}  // namespace

int current_cpu() { return sched_getcpu(); }

void step_aside(int cpu, size_t turn) {
  if (cpu < 0 || cpu != current_cpu()) return;
  cpu_set_t usable, one;
  if (sched_getaffinity(0, sizeof(usable), &usable) != 0) return;
  if (CPU_COUNT(&usable) < 2 || !CPU_ISSET(cpu, &usable)) return;
  CPU_ZERO(&one);
  CPU_SET(other_cpu(usable, cpu, turn), &one);
  if (sched_setaffinity(0, sizeof(one), &one) == 0) sched_setaffinity(0, sizeof(usable), &usable);
}

}  // namespace burin::runtime
