// A pool that runs chains of stages, each a number of tiles. One thread means no pool and no thread
// is created. A worker that the system has taken off its core delays a run only if it holds tiles:
// others take the rest. Workers spin for a bounded time after a run, then sleep.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "runtime/stage.h"

namespace burin::runtime {

class ThreadPool {
 public:
  // threads >= 1, the calling thread included; fewer if the system refuses them.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(count()); }

  using Task = void (*)(void* context, size_t worker, size_t stage, int64_t tile);
  // Calls task(context, w, s, t) for each stage s and each tile t of its threads() shares, on any
  // of the threads; returns when all are done. No two calls with one w in [0, threads) overlap. A
  // tile runs when all of the stages in front are done, or as `Stage::early` allows. Worker w
  // begins with the w-th share of each stage, so what it wrote in one stage it finds in its cache
  // in the next. Denormals are flushed on the workers.
  void run(Task task, void* context, std::span<const Stage> stages);
  // One stage of tiles [0, tiles).
  void run(Task task, void* context, int64_t tiles);

 private:
  // A worker's tiles of one stage after the other: it takes them from the front, some at a time
  // where there are many, and others that have none take half of what is left from the back. They
  // are counted in pieces of one tile, or of several where a stage has more than a ticket can say.
  // A ticket is one word of the stage's number, the next piece and the end, so that a thread that
  // was late cannot take a piece of another stage than it came for.
  struct alignas(64) Share {
    std::atomic<uint64_t> ticket = 0;
    std::atomic<uint64_t> early = 0;  // of the ticket's stage: its lag, and how many pieces have it
    std::atomic<int64_t> undone = 0;  // pieces of the ticket's stage
    std::atomic<uint64_t> run = 1;    // the goal of the run that it is in
    // Stages that are done, of all runs: the number of the ticket's stage.
    alignas(64) std::atomic<uint64_t> passed = 1;
  };

  struct Pieces {
    int64_t begin = 0, end = 0;
    int64_t count() const { return end - begin; }
  };

  class Worker;

  // Of threads, and of the shares in use.
  size_t count() const { return workers_.size() + 1; }

  void run_alone(Task task, void* context, std::span<const Stage> stages);
  void serve(size_t worker);
  // Runs pieces of the run that ends with stage `goal` until it is over.
  void work(size_t worker, uint64_t goal);
  // Lets a share begin the run, unless another thread has: its worker, if that is there in time.
  void join(size_t share, uint64_t goal);
  // Begins the first stage from number `stage` on of which the share has tiles.
  void enter(size_t share, uint64_t stage);
  uint64_t ready_pieces(Worker& worker, uint64_t stage, uint64_t early, uint64_t next,
                        uint64_t end) const;
  Pieces take(Worker& worker, size_t owner);
  // Runs pieces of a share's stage until none is left; whether there was one.
  bool serve_share(Worker& worker, size_t owner);
  void run_pieces(size_t worker, size_t owner, const Pieces& pieces);
  // Whether there is nothing left to do in the run for a worker.
  bool may_leave(Worker& worker, uint64_t goal) const;
  // The fewest stages that any share has passed.
  uint64_t passed_by_all() const;
  // Waits for a run after `seen`; 0 when the pool ends.
  uint64_t next_goal(uint64_t seen, size_t worker);

  std::vector<Share> shares_;
  // Of the run; constant while one of its pieces is not done.
  Task task_ = nullptr;
  void* context_ = nullptr;
  std::span<const Stage> stages_;
  uint64_t first_ = 1;                          // the number of its first stage
  alignas(64) std::atomic<uint64_t> goal_ = 1;  // of the last run; 0: the pool ends
  std::atomic<int> sleepers_ = 0;
  std::atomic<int> caller_cpu_ = -1;  // where the caller ran last
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
