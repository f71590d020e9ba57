// Gives every temporary buffer its place in one arena, so that memory is known before running.
// A temporary lives from the first kernel that touches it to the last; buffers whose lives overlap
// do not overlap in memory, except where a kernel works in place.
#pragma once

#include <cstdint>
#include <vector>

#include "lower/kernel.h"

namespace burin::lower {

inline constexpr int64_t kBufferAlignment = 64;

struct MemoryPlan {
  IdVector<BufferId, int64_t>
      offsets;  // bytes in the arena; -1 for what is not temporary or unused
  int64_t arena_bytes = 0;
};

// Largest buffers first, each at the lowest offset that is free during its life.
MemoryPlan plan_memory(const Lowered& lowered);

}  // namespace burin::lower
