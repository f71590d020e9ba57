// The machine's limits, measured: what one core can multiply and what memory can deliver. Shares of
// peak in reports are of these figures.
#pragma once

#include "isa/target.h"

namespace burin::driver {

// fp32 operations per second of one thread: independent chains of fused multiply-adds in vector
// registers, generated for the target; each counts as two operations per lane. The best of a few
// short runs, about 30 ms in all.
Result<double> measure_peak_flops(const isa::Target& target);

// The same on `threads` threads at once, in sum.
Result<double> measure_peak_flops(const isa::Target& target, int threads);

// Bytes per second that one thread reads from a block much larger than the last cache.
double measure_read_bandwidth(int64_t block_bytes);

}  // namespace burin::driver
