// Executes a loop function on real memory, one instruction and one lane after the other: the oracle
// of machine code and the tool that finds memory errors of kernels in tests. In: a function that
// passed loop/verify.h. Look next: loop/op.h for what each operation means.
#pragma once

#include <cstdint>
#include <expected>
#include <span>

#include "base/byte_range.h"
#include "base/diagnostic.h"
#include "loop/function.h"

namespace burin::loop {

struct InterpretOptions {
  // For each buffer, bytes relative to it. If given, every byte touched must lie in one of the
  // ranges.
  std::span<const ByteRange> accessible;
  // The most instructions to execute; 0 for no limit.
  int64_t max_steps = 0;
};

// Runs tile `tile`. Each op computes in its element type and the caller's rounding mode; lanes that
// a mask switches off are neither read nor written. Fails, leaving memory half-written, on what is
// undefined in the IR: an access outside the buffers, a shift count outside the element, an integer
// division by zero or of the smallest integer by -1, more than max_steps instructions.
std::expected<void, Diagnostic> interpret(const Function& function, std::span<void* const> buffers,
                                          int64_t tile, const InterpretOptions& options = {});

}  // namespace burin::loop
