// pthreadpool behind ThreadPool; MXCSR behind FloatStateGuard.
#include "runtime/threads.h"

#include <pthreadpool.h>
#include <xmmintrin.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <vector>

namespace burin::runtime {

namespace {

constexpr uint32_t kMxcsrMaskExceptions = 0x1f80;
constexpr uint32_t kMxcsrFlushToZero = 0x8000;
constexpr uint32_t kMxcsrDenormalsAreZero = 0x0040;

// A worker's tiles: it takes them from the front, and so do others when they have none left.
struct alignas(64) Share {
  std::atomic<int64_t> next = 0;
  int64_t end = 0;
};

struct Region {
  ThreadPool::Task task;
  void* context;
  std::span<Share> shares;
};

void work(void* argument, size_t worker) {
  const Region& region = *static_cast<const Region*>(argument);
  for (size_t i = 0; i < region.shares.size(); ++i) {
    Share& share = region.shares[(worker + i) % region.shares.size()];
    for (;;) {
      int64_t tile = share.next.fetch_add(1, std::memory_order_relaxed);
      if (tile >= share.end) break;
      region.task(region.context, worker, tile);
    }
  }
}

}  // namespace

struct ThreadPool::Shares {
  std::vector<Share> of_worker;
};

ThreadPool::ThreadPool(int threads) : threads_(std::max(1, threads)) {
  if (threads_ == 1) return;
  pool_ = pthreadpool_create(static_cast<size_t>(threads_));
  if (!pool_) threads_ = 1;
  shares_ = std::make_unique<Shares>(Shares{std::vector<Share>(static_cast<size_t>(threads_))});
}

ThreadPool::~ThreadPool() {
  if (pool_) pthreadpool_destroy(pool_);
}

void ThreadPool::run(Task task, void* context, int64_t tiles) {
  if (!pool_ || tiles <= 1) {
    for (int64_t t = 0; t < tiles; ++t) task(context, 0, t);
    return;
  }
  for (int w = 0; w < threads_; ++w) {
    Share& share = shares_->of_worker[static_cast<size_t>(w)];
    share.next.store(tiles * w / threads_, std::memory_order_relaxed);
    share.end = tiles * (w + 1) / threads_;
  }
  Region region{task, context, shares_->of_worker};
  pthreadpool_parallelize_1d(pool_, work, &region, static_cast<size_t>(threads_),
                             PTHREADPOOL_FLAG_DISABLE_DENORMALS);
}

FloatStateGuard::FloatStateGuard() : saved_(_mm_getcsr()) {
  _mm_setcsr(kMxcsrMaskExceptions | kMxcsrFlushToZero | kMxcsrDenormalsAreZero);
}

FloatStateGuard::~FloatStateGuard() { _mm_setcsr(saved_); }

}  // namespace burin::runtime
