// Exceptions must not leave a pool's worker.
#include "driver/parallel.h"

#include <exception>
#include <mutex>

namespace burin::driver {

void parallel_for(runtime::ThreadPool& pool, size_t count,
                  const std::function<void(size_t)>& work) {
  struct Region {
    const std::function<void(size_t)>& work;
    std::mutex mutex;
    std::exception_ptr thrown;
  } region{work, {}, {}};
  pool.run(
      [](void* context, size_t, size_t, int64_t i) {
        Region& r = *static_cast<Region*>(context);
        try {
          r.work(static_cast<size_t>(i));
        } catch (...) {
          std::lock_guard lock(r.mutex);
          if (!r.thrown) r.thrown = std::current_exception();
        }
      },
      &region, static_cast<int64_t>(count));
  if (region.thrown) std::rethrow_exception(region.thrown);
}

}  // namespace burin::driver
