// The machine's limits, measured: what its cores can multiply and what each level of memory can
// deliver. Shares of peak in reports are of these figures.
#pragma once

#include <memory>

#include "isa/target.h"

namespace burin::driver {

// fp32 operations per second of one thread: independent chains of fused multiply-adds in vector
// registers, generated for the target; each counts as two operations per lane. The best of a few
// short runs, about 30 ms in all.
Result<double> measure_peak_flops(const isa::Target& target);

// The same on `threads` threads at once, in sum.
Result<double> measure_peak_flops(const isa::Target& target, int threads);

// Bytes per second that `threads` threads together read, each from a block of its own: vectors
// loaded and added up by a generated loop, over and over. The best of a few short runs.
Result<double> measure_read_bandwidth(const isa::Target& target, int64_t block_bytes, int threads);

// Work of one length on each thread of a pool of its own: a block read over and over from the
// core's own level-2 cache, nothing shared. How much its runs differ is the machine's doing alone.
class FixedWork {
 public:
  // Runs that take about `seconds`.
  static Result<FixedWork> create(const isa::Target& target, int threads, double seconds);
  FixedWork(FixedWork&&) noexcept;
  ~FixedWork();
  void run();

 private:
  struct State;
  explicit FixedWork(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct Limits {
  int threads = 1;
  double flops = 0;  // fp32 operations per second: one core's peak times the threads
  double l2 = 0, l3 = 0, memory = 0;  // bytes read per second, all threads together
};

// Measures in about 0.1 s. Where there are fewer cores than threads they share what there is.
Result<Limits> measure_limits(const isa::Target& target, int threads);

}  // namespace burin::driver
