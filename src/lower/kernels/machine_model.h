// What kernels and the estimates of their time take for granted beyond loop::Machine: sizes, and
// what one core sustains.
#pragma once

#include <cstdint>

namespace burin::lower {

inline constexpr int64_t kF32Bytes = 4, kLineBytes = 64;
inline constexpr int64_t kLineFloats = kLineBytes / kF32Bytes;

inline constexpr double kFmaLatency = 4.6;  // effective: the order of issue is not perfect
inline constexpr double kFmasPerCycle = 2, kLoadsPerCycle = 2;
inline constexpr double kL2BytesPerCycle = 24;
inline constexpr double kMemoryBytesPerCycle = 4.6;

}  // namespace burin::lower
