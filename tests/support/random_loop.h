// Seeded random loop functions that are valid, defined on every input, and cover all ops, types and
// lane counts: to compare machine code with the interpreter, and texts with themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loop/function.h"

namespace burin::loop {

struct RandomLoopOptions {
  int vector_bits = 256;  // no value is wider
  int instructions = 40;  // about
  bool dots = true;       // dot_u8i8 and dot_bf16
};

// A function of three pointers that is run with one tile. Pointer 0 is kRandomLoopBytes of output,
// 1 the same of random bytes (any, so also NaN), 2 the same of tame numbers: f32 in [-4, 4].
// Loops end, shifts and divisors are in range, accesses in bounds; every value's lanes are stored.
Function random_loop(uint64_t seed, const RandomLoopOptions& options = {});

inline constexpr int64_t kRandomLoopBytes = 1 << 16;

// The three buffers: zeros, random bytes, tame numbers.
std::vector<std::vector<uint8_t>> random_loop_buffers(uint64_t seed);

// Whether two outputs agree: equal bytes, or for floats both NaN. The types of the stored values
// are read from the function's top-level stores to pointer 0; on a difference `where` says which.
bool same_random_loop_output(const Function& function, const std::vector<uint8_t>& a,
                             const std::vector<uint8_t>& b, std::string* where);

}  // namespace burin::loop
