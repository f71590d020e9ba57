// Which processor a worker runs on. Schedulers may start a thread on its creator's processor, or
// wake it there, and take many milliseconds to see that another one idles.
#pragma once

#include <cstddef>

namespace burin::runtime {

// The processor that the calling thread runs on; -1 if the system does not tell.
int current_cpu();

// If the calling thread runs on processor `cpu`, moves it to the `turn`-th (from 1) of the others
// that it may use, and leaves it to the scheduler again. Does nothing where there is no other.
void step_aside(int cpu, size_t turn);

}  // namespace burin::runtime
