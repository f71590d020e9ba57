// A pool for parallel regions over tiles. One thread means no pool and no thread is created.
// Workers spin for a bounded time after a region, then sleep (pthreadpool's behaviour).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

struct pthreadpool;

namespace burin::runtime {

class ThreadPool {
 public:
  // threads >= 1, the calling thread included.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  using Task = void (*)(void* context, size_t worker, int64_t tile);
  // Calls task(context, w, t) for each t in [0, tiles), in any order, on any of the threads;
  // returns when all are done. No two calls with one w in [0, threads) overlap. Worker w begins
  // with the w-th share of the tiles, so what it wrote in one region it finds in its cache in the
  // next. Denormals are flushed on the workers while they run.
  void run(Task task, void* context, int64_t tiles);

 private:
  struct Shares;
  int threads_;
  std::unique_ptr<Shares> shares_;
  pthreadpool* pool_ = nullptr;
};

// Floating-point state for kernels: default rounding, all exceptions masked, denormals flushed.
// The caller's state comes back when the guard dies.
class FloatStateGuard {
 public:
  FloatStateGuard();
  ~FloatStateGuard();
  FloatStateGuard(const FloatStateGuard&) = delete;
  FloatStateGuard& operator=(const FloatStateGuard&) = delete;

 private:
  uint32_t saved_;
};

}  // namespace burin::runtime
