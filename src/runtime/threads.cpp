// Stages are published share by share, by whoever has done the last piece of the one in front;
// MXCSR behind FloatStateGuard.
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

// A ticket: 24 bits of the stage's number, 20 of the next piece, 20 of the end.
constexpr int kPieceBits = 20, kStageBits = 24;
constexpr uint64_t kPieceMask = (1u << kPieceBits) - 1, kStageMask = (1u << kStageBits) - 1;
constexpr int64_t kMostPieces = kPieceMask;  // of a share
// Parts of what is left in a share that are taken at a time: by its worker, and by others. A line
// that two cores write in turn takes longer than a small tile.
constexpr uint64_t kOwnPart = 8, kOthersPart = 2;
// Ticks of the time stamp counter from which on a tile is worth as much on another core; and the
// part of its own time for which a worker with shorter ones waits for others, but at most so long.
constexpr uint64_t kLongTile = 10'000, kPatiencePart = 2, kMostPatience = 200'000;

uint64_t make_ticket(uint64_t stage, int64_t next, int64_t end) {
  return (stage & kStageMask) << (2 * kPieceBits) | static_cast<uint64_t>(next) << kPieceBits |
         static_cast<uint64_t>(end);
}

// How many stages `passed` lies in front of a ticket's stage.
int64_t lead(uint64_t passed, uint64_t stage) {
  auto difference = static_cast<int64_t>((passed - stage) << (64 - kStageBits));
  return difference >> (64 - kStageBits);
}

int64_t tiles_of_piece(int64_t share_tiles) {
  return std::max<int64_t>(1, ceil_div(share_tiles, kMostPieces));
}

// Waits a little longer each time: for the other thread, then for the core to be given to it.
class Spin {
 public:
  void wait() {
    if (turns_ == 0) start_ = std::chrono::steady_clock::now();
    for (int i = 0; i < kPauses; ++i) _mm_pause();
    if (++turns_ > kPoliteAfter) std::this_thread::yield();
    if (pauses() && tired()) std::this_thread::sleep_for(kNap);
  }
  // Now and then: time to look around.
  bool pauses() const { return turns_ % kPoliteAfter == 0; }
  // Whether it has taken so long that sleeping costs little.
  bool tired() const { return std::chrono::steady_clock::now() - start_ > kPatience; }

 private:
  static constexpr int kPauses = 8, kPoliteAfter = 64;
  static constexpr std::chrono::microseconds kPatience{2000}, kNap{50};
  int turns_ = 0;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace

// What a worker knows while it works on a run.
class ThreadPool::Worker {
 public:
  Worker(const ThreadPool& pool, size_t index) : index(index), passed_(pool.passed_by_all()) {}

  // Whether each share had passed all stages but the last `lag` in front of `stage` when it last
  // looked: their lines of memory are far away.
  bool knows(uint64_t stage, int64_t lag) const { return lead(passed_, stage) >= -lag; }
  void look(const ThreadPool& pool) { passed_ = pool.passed_by_all(); }
  void worked(int64_t pieces, uint64_t ticks) {
    pieces_ = pieces, ticks_ = ticks;
    idle_ = false;
  }
  // What a worker asks that has no tile of its own to run. Short tiles live from data that their
  // worker's core holds: another one would take several times as long, and find the results on its
  // core ever after. So it first waits a while.
  bool others_need_help() {
    uint64_t now = __rdtsc();
    if (!idle_) {
      idle_ = true;
      idle_since_ = now;
      bool is_short = ticks_ < kLongTile * static_cast<uint64_t>(pieces_);
      next_look_ =
          now + (is_short ? std::clamp(ticks_ / kPatiencePart, kLongTile, kMostPatience) : 0);
    }
    return now >= next_look_;
  }
  // There was nothing to do for it: looking takes the line that the others need, so it looks more
  // and more seldom.
  void looked() {
    uint64_t now = __rdtsc();
    next_look_ = now + std::clamp(now - idle_since_, kLongTile, kMostPatience);
  }
  // Whether that holds for a share that its own worker has not begun: it is on its way, most times.
  bool others_are_late() const { return __rdtsc() - idle_since_ >= kMostPatience; }

  const size_t index;

 private:
  uint64_t passed_;     // by all shares, when it last looked
  int64_t pieces_ = 0;  // that it ran last, and for how long
  uint64_t ticks_ = 0;
  bool idle_ = false;
  uint64_t idle_since_ = 0, next_look_ = 0;
};

ThreadPool::ThreadPool(int threads) : shares_(static_cast<size_t>(std::max(1, threads))) {
  caller_cpu_.store(current_cpu());
  try {
    for (size_t w = 1; w < shares_.size(); ++w) workers_.emplace_back([this, w] { serve(w); });
  } catch (const std::system_error&) {
    // As many as there could be, and as many shares.
  }
}

ThreadPool::~ThreadPool() {
  goal_.store(0);
  goal_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(Task task, void* context, int64_t tiles) {
  Stage stage = make_stage(0, tiles, threads());
  run(task, context, {&stage, 1});
}

void ThreadPool::run(Task task, void* context, std::span<const Stage> stages) {
  auto is_shared = [](const Stage& s) { return s.tiles() > s.shares[0].count; };
  bool any_shared = std::any_of(stages.begin(), stages.end(), is_shared);
  if (workers_.empty() || !any_shared) return run_alone(task, context, stages);
  task_ = task, context_ = context, stages_ = stages;
  first_ = goal_.load(std::memory_order_relaxed);
  uint64_t goal = first_ + stages.size();
  caller_cpu_.store(current_cpu(), std::memory_order_relaxed);
  goal_.store(goal);
  if (sleepers_.load() > 0) goal_.notify_all();
  work(0, goal);
}

void ThreadPool::run_alone(Task task, void* context, std::span<const Stage> stages) {
  for (size_t s = 0; s < stages.size(); ++s) {
    for (const TileRange& share : stages[s].shares) {
      for (int64_t t = share.first; t < share.end(); ++t) task(context, 0, s, t);
    }
  }
  _mm_sfence();
}

void ThreadPool::serve(size_t worker) {
  FloatStateGuard guard;
  step_aside(caller_cpu_.load(), worker);
  for (uint64_t goal = 1; (goal = next_goal(goal, worker)) != 0;) {
    step_aside(caller_cpu_.load(std::memory_order_relaxed), worker);
    work(worker, goal);
  }
}

uint64_t ThreadPool::next_goal(uint64_t seen, size_t worker) {
  Spin spin;
  for (;;) {
    uint64_t now = goal_.load(std::memory_order_acquire);
    if (now != seen) return now;
    spin.wait();
    if (!spin.pauses()) continue;
    // The scheduler may have put both on one processor, and leave them there for minutes.
    step_aside(caller_cpu_.load(), worker);
    if (!spin.tired()) continue;
    sleepers_.fetch_add(1);
    goal_.wait(seen);
    sleepers_.fetch_sub(1);
    spin = {};
  }
}

void ThreadPool::work(size_t index, uint64_t goal) {
  Worker worker(*this, index);
  join(index, goal);
  auto help = [&] {
    for (size_t i = 1; i < count(); ++i) {
      size_t owner = (index + i) % count();
      join(owner, goal);
      if (serve_share(worker, owner)) return true;
    }
    worker.looked();
    return false;
  };
  for (Spin spin; !may_leave(worker, goal);) {
    if (serve_share(worker, index) || (worker.others_need_help() && help())) {
      spin = {};
    } else {
      spin.wait();
      if (index > 0 && spin.pauses()) step_aside(caller_cpu_.load(), index);
    }
  }
}

bool ThreadPool::may_leave(Worker& worker, uint64_t goal) const {
  auto reached = [&](uint64_t passed) { return static_cast<int64_t>(passed - goal) >= 0; };
  if (!reached(shares_[worker.index].passed.load(std::memory_order_relaxed))) return false;
  // The caller must know as soon as the run is over.
  if (worker.index == 0 || worker.others_need_help()) return reached(passed_by_all());
  return goal_.load(std::memory_order_relaxed) != goal;
}

void ThreadPool::join(size_t share, uint64_t goal) {
  uint64_t before = shares_[share].run.load(std::memory_order_relaxed);
  if (static_cast<int64_t>(before - goal) >= 0) return;
  // Where this succeeds, the run lasts until the share has passed it.
  if (shares_[share].run.compare_exchange_strong(before, goal, std::memory_order_acq_rel)) {
    enter(share, first_);
  }
}

uint64_t ThreadPool::passed_by_all() const {
  uint64_t least = ~uint64_t{0};
  for (size_t share = 0; share < count(); ++share) {
    least = std::min(least, shares_[share].passed.load(std::memory_order_acquire));
  }
  return least;
}

void ThreadPool::enter(size_t index, uint64_t stage) {
  Share& share = shares_[index];
  uint64_t end = first_ + stages_.size();
  int64_t tiles = 0;
  while (stage != end && (tiles = stages_[stage - first_].shares[index].count) == 0) ++stage;
  if (stage == end) {
    share.passed.store(stage, std::memory_order_release);  // the run may be over now
    return;
  }
  const std::vector<EarlyTiles>& early = stages_[stage - first_].early;
  int64_t tiles_each = tiles_of_piece(tiles), pieces = ceil_div(tiles, tiles_each);
  bool some = !early.empty() && tiles_each == 1;
  uint64_t word = some ? static_cast<uint64_t>(early[index].lag) << kPieceBits |
                             static_cast<uint64_t>(early[index].count)
                       : 0;
  share.early.store(word, std::memory_order_relaxed);
  share.undone.store(pieces, std::memory_order_relaxed);
  share.passed.store(stage, std::memory_order_release);
  share.ticket.store(make_ticket(stage, 0, pieces), std::memory_order_release);
}

// Up to where the pieces of a stage may run, from `next` on: all of them, or the early ones.
uint64_t ThreadPool::ready_pieces(Worker& worker, uint64_t stage, uint64_t early, uint64_t next,
                                  uint64_t end) const {
  auto lag = static_cast<int64_t>(early >> kPieceBits);
  auto known = [&]() -> uint64_t {
    if (worker.knows(stage, 0)) return end;
    // Of the early ones others may have taken some by now.
    return worker.knows(stage, lag) ? std::min(early & kPieceMask, end) : 0;
  };
  if (uint64_t ready = known(); ready > next) return ready;
  worker.look(*this);
  return known();
}

// Reads nothing of the run before the ticket is its own: the run may be over.
ThreadPool::Pieces ThreadPool::take(Worker& worker, size_t owner) {
  Share& share = shares_[owner];
  bool own = owner == worker.index;
  uint64_t ticket = share.ticket.load(std::memory_order_acquire);
  for (;;) {
    uint64_t stage = ticket >> (2 * kPieceBits);
    uint64_t next = ticket >> kPieceBits & kPieceMask, end = ticket & kPieceMask;
    if (next >= end || (!own && next == 0 && !worker.others_are_late())) return {};
    uint64_t early = own ? share.early.load(std::memory_order_relaxed) : 0;
    uint64_t ready = ready_pieces(worker, stage, early, next, end);
    if (ready <= next) return {};
    uint64_t count = std::max<uint64_t>(1, (ready - next) / (own ? kOwnPart : kOthersPart));
    uint64_t after = own ? ticket + (count << kPieceBits) : ticket - count;
    if (share.ticket.compare_exchange_weak(ticket, after, std::memory_order_acq_rel,
                                           std::memory_order_acquire)) {
      auto begin = static_cast<int64_t>(own ? next : end - count);
      return {begin, begin + static_cast<int64_t>(count)};
    }
  }
}

bool ThreadPool::serve_share(Worker& worker, size_t owner) {
  Share& share = shares_[owner];
  Pieces pieces = take(worker, owner);
  if (pieces.count() == 0) return false;
  uint64_t stage = share.passed.load(std::memory_order_relaxed), start = __rdtsc();
  int64_t done = 0;
  for (; pieces.count() > 0; pieces = take(worker, owner)) {
    run_pieces(worker.index, owner, pieces);
    done += pieces.count();
  }
  worker.worked(done, __rdtsc() - start);
  _mm_sfence();  // what it stored past the caches, before others hear of it
  if (share.undone.fetch_sub(done, std::memory_order_acq_rel) == done) enter(owner, stage + 1);
  return true;
}

void ThreadPool::run_pieces(size_t worker, size_t owner, const Pieces& pieces) {
  auto index = static_cast<size_t>(shares_[owner].passed.load(std::memory_order_relaxed) - first_);
  const Stage& stage = stages_[index];
  auto [begin, tiles] = stage.shares[owner];
  int64_t each = tiles_of_piece(tiles);
  int64_t last = std::min(pieces.end * each, tiles);
  int64_t first = stage.early.empty() || each > 1 ? 0 : stage.early[owner].first;
  for (int64_t t = pieces.begin * each; t < last; ++t) {
    task_(context_, worker, index, begin + (first + t) % tiles);
  }
}

FloatStateGuard::FloatStateGuard() : saved_(_mm_getcsr()) {
  _mm_setcsr(kMxcsrMaskExceptions | kMxcsrFlushToZero | kMxcsrDenormalsAreZero);
}

FloatStateGuard::~FloatStateGuard() { _mm_setcsr(saved_); }

}  // namespace burin::runtime
