// Generated loops of multiply-adds and of loads, timed.
#include "driver/peak.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "base/clock.h"
#include "isa/engrave.h"
#include "loop/builder.h"
#include "runtime/code_pages.h"
#include "runtime/threads.h"
#include "tensor/tensor.h"

namespace burin::driver {

namespace {

using Kernel = void (*)(void* const*, int64_t);

constexpr int64_t kLine = 64, kIterations = 200'000;
constexpr int kRuns = 8, kReadRuns = 12;
constexpr int64_t kVectorsPerStep = 16;               // of a read loop
constexpr int64_t kBlockStep = kVectorsPerStep * 64;  // bytes, of the widest vectors
constexpr int64_t kLeastBytes = 16 << 20;             // to read in a run
constexpr int64_t kLeastMemory = 32 << 20, kMostMemory = 256 << 20;

// acc_k = acc_k * scale + shift for `chains` independent k, kIterations times.
loop::Function fma_chains(const loop::Machine& machine, int chains) {
  loop::Builder b("peak", 1);
  loop::Type vector{loop::Elem::f32, machine.lanes(loop::Elem::f32)};
  loop::Value scale = b.load(vector, {b.pointer(0)});
  loop::Value shift = b.load(vector, {b.pointer(0), {}, 1, 64});
  std::vector<loop::Value> init(static_cast<size_t>(chains), shift);
  auto sums = b.loop(b.index(0), b.index(kIterations), 1, init,
                     [&](loop::Value, std::span<const loop::Value> acc) {
                       std::vector<loop::Value> next;
                       for (loop::Value a : acc) next.push_back(b.fma(a, scale, shift));
                       return next;
                     });
  loop::Value total = sums[0];
  for (size_t i = 1; i < sums.size(); ++i) total = b.add(total, sums[i]);
  loop::Value at = b.mul(b.tile(), b.index(64));
  b.store(total, {b.pointer(0), at, 1, 128});
  return b.finish();
}

// Loads `block` bytes of the tile's own `passes` times over and stores what they add up to.
loop::Function sum_block(const loop::Machine& machine, int64_t block, int64_t passes) {
  loop::Builder b("read", 2);
  loop::Type vector{loop::Elem::f32, machine.lanes(loop::Elem::f32)};
  int64_t bytes = machine.vector_bits / 8, step = kVectorsPerStep * bytes;
  loop::Value base = b.advance(b.pointer(0), b.mul(b.tile(), b.index(block)));
  std::vector<loop::Value> sums(8, b.bits(vector, 0));
  auto read = [&](loop::Value at, std::span<const loop::Value> carried) {
    std::vector<loop::Value> next(carried.begin(), carried.end());
    for (int64_t v = 0; v < kVectorsPerStep; ++v) {
      loop::Value& sum = next[static_cast<size_t>(v) % next.size()];
      sum = b.add(sum, b.load(vector, {base, at, 1, v * bytes}));
    }
    return next;
  };
  sums = b.loop(b.index(0), b.index(passes), 1, sums,
                [&](loop::Value, std::span<const loop::Value> carried) {
                  return b.loop(b.index(0), b.index(block), step, carried, read);
                });
  loop::Value total = sums[0];
  for (size_t i = 1; i < sums.size(); ++i) total = b.add(total, sums[i]);
  b.store(total, {b.pointer(1), b.mul(b.tile(), b.index(64)), 1, 0});
  return b.finish();
}

struct BlockSizes {
  int64_t l3, memory;  // bytes
};

struct Call {
  Kernel kernel;
  void* buffers[2];
};

void run_once(runtime::ThreadPool& pool, Call& call, int threads) {
  pool.run(
      [](void* context, size_t, size_t, int64_t tile) {
        const Call& c = *static_cast<const Call*>(context);
        c.kernel(const_cast<void* const*>(c.buffers), tile);
      },
      &call, threads);
}

// Seconds of the fastest of `runs` runs of one tile per thread.
double best_run(runtime::ThreadPool& pool, Call& call, int threads, int runs) {
  runtime::FloatStateGuard guard;
  double best = 1e30;
  for (int run = 0; run < runs; ++run) {
    auto start = Clock::now();
    run_once(pool, call, threads);
    best = std::min(best, seconds_since(start));
  }
  return best;
}

// Blocks of one thread well inside a level and well outside the one before it. One core's level-2
// cache is its own; the rest is shared. A third level that does not throw out the oldest line first
// keeps much of a block twice its size, hence eight times for memory. Virtual machines tell the
// third level of a whole host, of which a core reaches a part: hence the limits of both.
BlockSizes block_sizes(const loop::Machine& machine, int threads) {
  int64_t l2 = machine.l2_bytes, l3 = machine.l3_bytes;
  BlockSizes blocks;
  blocks.l3 = std::max(std::min(l3 / 4 / threads, 8 * l2), 2 * l2);
  int64_t memory = std::min(8 * l3, std::max(2 * l3, kMostMemory));
  blocks.memory = std::max(memory, kLeastMemory) / threads;
  return blocks;
}

}  // namespace

struct FixedWork::State {
  runtime::CodePages pages;
  std::shared_ptr<std::byte> memory;
  Kernel kernel;
  void* buffers[2];
  int threads;
  runtime::ThreadPool pool;
};

FixedWork::FixedWork(std::unique_ptr<State> state) : state_(std::move(state)) {}
FixedWork::FixedWork(FixedWork&&) noexcept = default;
FixedWork::~FixedWork() = default;

Result<FixedWork> FixedWork::create(const isa::Target& target, int threads, double seconds) {
  int64_t block = target.machine.l2_bytes / 2 / kBlockStep * kBlockStep;
  BURIN_ASSIGN(double rate, measure_read_bandwidth(target, block, 1));
  auto passes = static_cast<int64_t>(seconds * rate / static_cast<double>(block));
  passes = std::max<int64_t>(1, passes);
  BURIN_ASSIGN(isa::Code code, isa::engrave(sum_block(target.machine, block, passes), target));
  BURIN_ASSIGN(runtime::CodePages pages, runtime::CodePages::create(code.bytes));
  auto memory = allocate_bytes((block + kLine) * threads);
  std::memset(memory.get(), 0, static_cast<size_t>(block * threads));
  auto kernel = pages.entry<Kernel>(0);
  std::byte* from = memory.get();
  return FixedWork(std::unique_ptr<State>(new State{std::move(pages),
                                                    std::move(memory),
                                                    kernel,
                                                    {from, from + block * threads},
                                                    threads,
                                                    runtime::ThreadPool(threads)}));
}

void FixedWork::run() {
  runtime::FloatStateGuard guard;
  Call call{state_->kernel, {state_->buffers[0], state_->buffers[1]}};
  run_once(state_->pool, call, state_->threads);
}

Result<double> measure_peak_flops(const isa::Target& target) {
  return measure_peak_flops(target, 1);
}

Result<double> measure_peak_flops(const isa::Target& target, int threads) {
  // Enough chains to cover latency times width, and two registers left for the operands.
  int chains = std::min(target.machine.vector_registers - 4, 24);
  BURIN_ASSIGN(isa::Code code, isa::engrave(fma_chains(target.machine, chains), target));
  BURIN_ASSIGN(runtime::CodePages pages, runtime::CodePages::create(code.bytes));
  auto memory = allocate_bytes(2 * kLine + kLine * threads);
  Call call{pages.entry<Kernel>(0), {memory.get(), nullptr}};
  runtime::ThreadPool pool(threads);
  double best = best_run(pool, call, threads, kRuns);
  double lanes = target.machine.lanes(loop::Elem::f32);
  return 2.0 * lanes * chains * static_cast<double>(kIterations) * threads / best;
}

Result<double> measure_read_bandwidth(const isa::Target& target, int64_t block_bytes, int threads) {
  int64_t block = std::max(block_bytes / kBlockStep * kBlockStep, kBlockStep);
  int64_t passes = std::max<int64_t>(kLeastBytes / block, 1);
  BURIN_ASSIGN(isa::Code code, isa::engrave(sum_block(target.machine, block, passes), target));
  BURIN_ASSIGN(runtime::CodePages pages, runtime::CodePages::create(code.bytes));
  auto memory = allocate_bytes((block + kLine) * threads);
  std::memset(memory.get(), 0, static_cast<size_t>(block * threads));
  Call call{pages.entry<Kernel>(0), {memory.get(), memory.get() + block * threads}};
  runtime::ThreadPool pool(threads);
  double best = best_run(pool, call, threads, kReadRuns);
  return static_cast<double>(block * passes) * threads / best;
}

Result<Limits> measure_limits(const isa::Target& target, int threads) {
  const loop::Machine& m = target.machine;
  Limits limits;
  limits.threads = threads;
  BURIN_ASSIGN(double one, measure_peak_flops(target));
  limits.flops = one * threads;
  BlockSizes blocks = block_sizes(m, threads);
  BURIN_ASSIGN(double l2_one, measure_read_bandwidth(target, m.l2_bytes / 2, 1));
  limits.l2 = l2_one * threads;
  BURIN_ASSIGN(limits.l3, measure_read_bandwidth(target, blocks.l3, threads));
  BURIN_ASSIGN(limits.memory, measure_read_bandwidth(target, blocks.memory, threads));
  // A level is at least as fast as the next: neighbours may disturb a measurement.
  limits.l3 = std::max(limits.l3, limits.memory);
  limits.l2 = std::max(limits.l2, limits.l3);
  return limits;
}

}  // namespace burin::driver
