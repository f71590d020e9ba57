// A pool for parallel regions over tiles. One thread means no pool and no thread is created. A
// region ends when its tiles are done: a worker that the system has taken off its core delays it
// only if it holds a tile. Workers spin for a bounded time after a region, then sleep.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace burin::runtime {

class ThreadPool {
 public:
  // threads >= 1, the calling thread included; fewer if the system refuses them.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  using Task = void (*)(void* context, size_t worker, int64_t tile);
  // Calls task(context, w, t) for each t in [0, tiles), in any order, on any of the threads;
  // returns when all are done. No two calls with one w in [0, threads) overlap. Worker w begins
  // with the w-th share of the tiles, so what it wrote in one region it finds in its cache in the
  // next. Denormals are flushed on the workers.
  void run(Task task, void* context, int64_t tiles);

 private:
  // A worker's tiles: it takes them from the front, a few at a time where there are many, and
  // others take half of what is left from the back when they have none. One word holds the region's
  // number, the next tile and the end, so that a thread that was late cannot take a tile of another
  // region than it came for.
  struct alignas(64) Share {
    std::atomic<uint64_t> ticket = 0;
  };

  struct Tiles {
    int64_t begin = 0, end = 0;
    int64_t count() const { return end - begin; }
    bool empty() const { return begin == end; }
  };

  void run_region(Task task, void* context, int64_t first, int64_t tiles);
  void serve(size_t worker);
  void work(size_t worker, uint64_t region);
  // Runs tiles of a share until none is left; returns how many.
  int64_t serve_share(size_t worker, size_t owner, uint64_t region);
  // What a worker asks that has done its own `done` tiles since `start`. Short tiles live from data
  // that their worker's core holds: another one would take several times as long, and find the
  // results on its core ever after. So it first waits a while, in which the region may end.
  bool others_need_help(uint64_t start, int64_t done, uint64_t region) const;
  Tiles take(Share& share, uint64_t region, bool own);
  // Waits for a region after `seen`; 0 when the pool ends.
  uint64_t next_region(uint64_t seen, size_t worker);

  std::vector<Share> shares_;
  // Of the region; constant from its publication until its last tile is done.
  Task task_ = nullptr;
  void* context_ = nullptr;
  int64_t first_ = 0;
  alignas(64) std::atomic<int64_t> left_ = 0;     // tiles not done
  alignas(64) std::atomic<uint64_t> region_ = 1;  // 0: the pool ends
  std::atomic<int> sleepers_ = 0;
  std::atomic<int> caller_cpu_ = -1;  // where the region's caller ran last
  std::vector<std::thread> workers_;
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
