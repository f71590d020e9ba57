// pthreadpool behind ThreadPool; MXCSR behind FloatStateGuard.
#include "runtime/threads.h"

#include <pthreadpool.h>
#include <xmmintrin.h>

#include <algorithm>

namespace burin::runtime {

namespace {

constexpr uint32_t kMxcsrMaskExceptions = 0x1f80;
constexpr uint32_t kMxcsrFlushToZero = 0x8000;
constexpr uint32_t kMxcsrDenormalsAreZero = 0x0040;

}  // namespace

ThreadPool::ThreadPool(int threads) : threads_(std::max(1, threads)) {
  if (threads_ == 1) return;
  pool_ = pthreadpool_create(static_cast<size_t>(threads_));
  if (!pool_) threads_ = 1;
}

ThreadPool::~ThreadPool() {
  if (pool_) pthreadpool_destroy(pool_);
}

void ThreadPool::run(Task task, void* context, int64_t tiles) {
  if (!pool_ || tiles <= 1) {
    for (int64_t t = 0; t < tiles; ++t) task(context, static_cast<size_t>(t));
    return;
  }
  pthreadpool_parallelize_1d(pool_, task, context, static_cast<size_t>(tiles),
                             PTHREADPOOL_FLAG_DISABLE_DENORMALS);
}

FloatStateGuard::FloatStateGuard() : saved_(_mm_getcsr()) {
  _mm_setcsr(kMxcsrMaskExceptions | kMxcsrFlushToZero | kMxcsrDenormalsAreZero);
}

FloatStateGuard::~FloatStateGuard() { _mm_setcsr(saved_); }

}  // namespace burin::runtime
