// Regions are published by their tickets and then by their number; MXCSR behind FloatStateGuard.
#include "runtime/threads.h"

#include <x86intrin.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "runtime/placement.h"

namespace burin::runtime {

namespace {

constexpr uint32_t kMxcsrMaskExceptions = 0x1f80;
constexpr uint32_t kMxcsrFlushToZero = 0x8000;
constexpr uint32_t kMxcsrDenormalsAreZero = 0x0040;

// A ticket: 24 bits of the region's number, 20 of the next tile, 20 of the end.
constexpr int kTileBits = 20, kRegionBits = 24;
constexpr uint64_t kTileMask = (1u << kTileBits) - 1, kRegionMask = (1u << kRegionBits) - 1;
constexpr int64_t kMostTiles = kTileMask;  // of one region
// Parts of what is left in a share that are taken at a time: by its worker, and by others. A line
// that two cores write in turn takes longer than a small tile.
constexpr uint64_t kOwnPart = 8, kOthersPart = 2;
// Ticks of the time stamp counter from which on a tile is worth as much on another core; and the
// part of its own time for which a worker with shorter ones waits for others, but at most so long.
constexpr uint64_t kLongTile = 10'000, kPatiencePart = 2, kMostPatience = 200'000;

uint64_t make_ticket(uint64_t region, int64_t next, int64_t end) {
  return (region & kRegionMask) << (2 * kTileBits) | static_cast<uint64_t>(next) << kTileBits |
         static_cast<uint64_t>(end);
}

// Waits a little longer each time: for the other thread, then for the core to be given to it.
class Spin {
 public:
  void wait() {
    for (int i = 0; i < kPauses; ++i) _mm_pause();
    if (++turns_ > kPoliteAfter) std::this_thread::yield();
  }
  // Now and then: time to look around.
  bool pauses() const { return turns_ % kPoliteAfter == 0; }
  // Whether it has taken so long that sleeping costs little.
  bool tired() const { return std::chrono::steady_clock::now() - start_ > kPatience; }

 private:
  static constexpr int kPauses = 8, kPoliteAfter = 64;
  static constexpr std::chrono::microseconds kPatience{2000};
  int turns_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

ThreadPool::ThreadPool(int threads) : shares_(static_cast<size_t>(std::max(1, threads))) {
  caller_cpu_.store(current_cpu());
  try {
    for (size_t w = 1; w < shares_.size(); ++w) workers_.emplace_back([this, w] { serve(w); });
  } catch (const std::system_error&) {
    // As many as there could be: the others' shares are taken by those that are there.
  }
}

ThreadPool::~ThreadPool() {
  region_.store(0);
  region_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(Task task, void* context, int64_t tiles) {
  if (workers_.empty() || tiles <= 1) {
    for (int64_t t = 0; t < tiles; ++t) task(context, 0, t);
    _mm_sfence();
    return;
  }
  for (int64_t first = 0; first < tiles; first += kMostTiles) {
    run_region(task, context, first, std::min(kMostTiles, tiles - first));
  }
}

void ThreadPool::run_region(Task task, void* context, int64_t first, int64_t tiles) {
  uint64_t region = region_.load(std::memory_order_relaxed) + 1;
  task_ = task, context_ = context, first_ = first;
  left_.store(tiles, std::memory_order_relaxed);
  auto count = static_cast<int64_t>(shares_.size());
  for (int64_t w = 0; w < count; ++w) {
    uint64_t ticket = make_ticket(region, tiles * w / count, tiles * (w + 1) / count);
    shares_[static_cast<size_t>(w)].ticket.store(ticket, std::memory_order_release);
  }
  caller_cpu_.store(current_cpu(), std::memory_order_relaxed);
  region_.store(region);
  if (sleepers_.load() > 0) region_.notify_all();
  work(0, region);
  Spin spin;
  while (left_.load(std::memory_order_acquire) > 0) spin.wait();
}

void ThreadPool::serve(size_t worker) {
  FloatStateGuard guard;
  step_aside(caller_cpu_.load(), worker);
  for (uint64_t region = 1; (region = next_region(region, worker)) != 0;) {
    work(worker, region);
  }
}

uint64_t ThreadPool::next_region(uint64_t seen, size_t worker) {
  Spin spin;
  for (;;) {
    uint64_t now = region_.load(std::memory_order_acquire);
    if (now != seen) return now;
    spin.wait();
    if (!spin.pauses()) continue;
    // The scheduler may have put both on one processor, and leave them there for minutes.
    step_aside(caller_cpu_.load(), worker);
    if (!spin.tired()) continue;
    sleepers_.fetch_add(1);
    region_.wait(seen);
    sleepers_.fetch_sub(1);
    step_aside(caller_cpu_.load(), worker);
    spin = {};
  }
}

void ThreadPool::work(size_t worker, uint64_t region) {
  uint64_t start = __rdtsc();
  int64_t done = serve_share(worker, worker, region);
  if (done > 0 && !others_need_help(start, done, region)) return;
  for (size_t i = 1; i < shares_.size(); ++i) {
    serve_share(worker, (worker + i) % shares_.size(), region);
  }
}

int64_t ThreadPool::serve_share(size_t worker, size_t owner, uint64_t region) {
  int64_t done = 0;
  for (Tiles some; !(some = take(shares_[owner], region, owner == worker)).empty();) {
    for (int64_t t = some.begin; t < some.end; ++t) task_(context_, worker, first_ + t);
    done += some.count();
  }
  if (done == 0) return 0;
  _mm_sfence();  // what it stored past the caches, before others hear of it
  left_.fetch_sub(done, std::memory_order_release);
  return done;
}

bool ThreadPool::others_need_help(uint64_t start, int64_t done, uint64_t region) const {
  uint64_t now = __rdtsc(), took = now - start;
  if (took >= kLongTile * static_cast<uint64_t>(done)) return true;
  uint64_t until = now + std::min(took / kPatiencePart, kMostPatience);
  for (Spin spin; __rdtsc() < until; spin.wait()) {
    if (left_.load(std::memory_order_acquire) == 0 || region_.load() != region) return false;
  }
  return true;
}

ThreadPool::Tiles ThreadPool::take(Share& share, uint64_t region, bool own) {
  uint64_t ticket = share.ticket.load(std::memory_order_relaxed);
  for (;;) {
    uint64_t next = ticket >> kTileBits & kTileMask, end = ticket & kTileMask;
    if (ticket >> (2 * kTileBits) != (region & kRegionMask) || next >= end) return {};
    uint64_t count = std::max<uint64_t>(1, (end - next) / (own ? kOwnPart : kOthersPart));
    uint64_t after = own ? ticket + (count << kTileBits) : ticket - count;
    if (share.ticket.compare_exchange_weak(ticket, after, std::memory_order_acq_rel,
                                           std::memory_order_relaxed)) {
      uint64_t begin = own ? next : end - count;
      return {static_cast<int64_t>(begin), static_cast<int64_t>(begin + count)};
    }
  }
}

FloatStateGuard::FloatStateGuard() : saved_(_mm_getcsr()) {
  _mm_setcsr(kMxcsrMaskExceptions | kMxcsrFlushToZero | kMxcsrDenormalsAreZero);
}

FloatStateGuard::~FloatStateGuard() { _mm_setcsr(saved_); }

}  // namespace burin::runtime
