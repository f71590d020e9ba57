// Gives every temporary buffer its place in one arena, so that memory is known before running, and
// every scratch buffer its place in the memory that each worker thread has for itself.
// A temporary lives from the first kernel that touches it to the last; buffers whose lives overlap
// do not overlap in memory, except where a kernel works in place.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lower/kernel.h"

namespace burin::lower {

inline constexpr int64_t kBufferAlignment = 64;

struct MemoryPlan {
  IdVector<BufferId, int64_t>
      offsets;  // bytes in the arena or in a worker's scratch memory; -1 for others and unused ones
  int64_t arena_bytes = 0;
  int64_t scratch_bytes = 0;  // per worker thread
};

// Kernels [begin, end) that do not run one after the other.
struct Interleaved {
  size_t begin = 0, end = 0;
  // Of each of them: those of one strand run one after the other, beside those of others. None: any
  // may run beside any.
  std::vector<int64_t> strands = {};
};

// Largest buffers first, each at the lowest offset that is free during its life, or, where the
// arena hardly grows by it, where two threads that share each buffer's work by halves find their
// own lines. What lives in some of a list of interleaved kernels lives in all of them, unless one
// strand alone touches it there: then it meets what belongs to others. Kernels work in place as
// ever.
MemoryPlan plan_memory(const Lowered& lowered, std::span<const Interleaved> interleaved = {});

}  // namespace burin::lower
