// Independent pieces of compiling on all cores.
#pragma once

#include <cstddef>
#include <functional>

#include "runtime/threads.h"

namespace burin::driver {

// Calls work(i) for each i in [0, count) on the pool's threads. What a call throws is thrown again
// here, once all are done.
void parallel_for(runtime::ThreadPool& pool, size_t count, const std::function<void(size_t)>& work);

}  // namespace burin::driver
