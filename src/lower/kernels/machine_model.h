// What kernels and the estimates of their time take for granted beyond loop::Machine: sizes, and
// what one core sustains.
#pragma once

#include <cstdint>
#include <numeric>

#include "loop/machine.h"

namespace burin::lower {

inline constexpr int64_t kF32Bytes = 4, kLineBytes = 64;
inline constexpr int64_t kLineFloats = kLineBytes / kF32Bytes;
// Lines that lie kAlias bytes apart share a set of the first-level cache, which holds kWays of
// them.
inline constexpr int64_t kAlias = 4096, kWays = 8;

// How many rows that lie `step` bytes apart may be walked down before the line of one drives out
// that of another.
inline int64_t rows_that_stay(int64_t step) { return kAlias / std::gcd(step, kAlias) * kWays; }

// Whether so many bytes, written and then read, come from beyond the second-level cache.
inline bool comes_from_memory(int64_t bytes, const loop::Machine& machine) {
  return bytes >= 4 * machine.l2_bytes;
}

// Values that the caches will have lost when they are read; they are stored past them.
inline constexpr int64_t kStreamedBytes = int64_t{16} << 20;

inline constexpr double kFmaLatency = 4.6;  // effective: the order of issue is not perfect
inline constexpr double kFmasPerCycle = 2, kLoadsPerCycle = 2;
inline constexpr double kL2BytesPerCycle = 24;
inline constexpr double kMemoryBytesPerCycle = 4.6;

}  // namespace burin::lower
