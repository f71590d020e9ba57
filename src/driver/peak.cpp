// A generated loop of multiply-adds, timed; a sum over a large block, timed.
#include "driver/peak.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "isa/engrave.h"
#include "loop/builder.h"
#include "runtime/code_pages.h"
#include "runtime/threads.h"
#include "tensor/tensor.h"

namespace burin::driver {

namespace {

using Clock = std::chrono::steady_clock;
using Kernel = void (*)(void* const*, int64_t);

constexpr int64_t kIterations = 200'000;
constexpr int kRuns = 8;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

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

}  // namespace

Result<double> measure_peak_flops(const isa::Target& target) {
  return measure_peak_flops(target, 1);
}

Result<double> measure_peak_flops(const isa::Target& target, int threads) {
  // Enough chains to cover latency times width, and two registers left for the operands.
  int chains = std::min(target.machine.vector_registers - 4, 24);
  BURIN_ASSIGN(isa::Code code, isa::engrave(fma_chains(target.machine, chains), target));
  BURIN_ASSIGN(runtime::CodePages pages, runtime::CodePages::create(code.bytes));
  auto memory = allocate_bytes(128 + 64 * static_cast<int64_t>(threads));
  struct Call {
    Kernel kernel;
    void* buffers[1];
  } call{pages.entry<Kernel>(0), {memory.get()}};

  runtime::ThreadPool pool(threads);
  runtime::FloatStateGuard guard;
  double best = 1e30;
  for (int run = 0; run < kRuns; ++run) {
    auto start = Clock::now();
    pool.run(
        [](void* context, size_t, int64_t tile) {
          const Call& c = *static_cast<const Call*>(context);
          c.kernel(c.buffers, tile);
        },
        &call, threads);
    best = std::min(best, seconds_since(start));
  }
  double lanes = target.machine.lanes(loop::Elem::f32);
  return 2.0 * lanes * chains * static_cast<double>(kIterations) * threads / best;
}

double measure_read_bandwidth(int64_t block_bytes) {
  auto block = allocate_bytes(block_bytes);
  std::memset(block.get(), 1, static_cast<size_t>(block_bytes));
  const auto* words = reinterpret_cast<const uint64_t*>(block.get());
  auto count = static_cast<size_t>(block_bytes) / sizeof(uint64_t) / 8 * 8;
  double best = 1e30;
  volatile uint64_t sink = 0;
  for (int run = 0; run < 4; ++run) {
    auto start = Clock::now();
    uint64_t sums[8] = {};
    for (size_t i = 0; i < count; i += 8) {
      for (size_t k = 0; k < 8; ++k) sums[k] += words[i + k];
    }
    for (uint64_t s : sums) sink = sink + s;
    best = std::min(best, seconds_since(start));
  }
  return static_cast<double>(count * sizeof(uint64_t)) / best;
}

}  // namespace burin::driver
