// No two live buffers overlap; dead memory is used again; in-place kernels share.
#include "lower/memory_plan.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace burin::lower {

namespace {

struct Life {
  size_t first = ~size_t{0}, last = 0;
};

std::vector<Life> lives_of(const Lowered& lowered) {
  std::vector<Life> lives(lowered.buffers.size());
  for (size_t k = 0; k < lowered.kernels.size(); ++k) {
    for (const BufferUse& use : lowered.kernels[k].buffers) {
      lives[use.buffer.index].first = std::min(lives[use.buffer.index].first, k);
      lives[use.buffer.index].last = std::max(lives[use.buffer.index].last, k);
    }
  }
  return lives;
}

void expect_disjoint(const Lowered& lowered, const MemoryPlan& plan) {
  auto lives = lives_of(lowered);
  for (size_t a = 0; a < lives.size(); ++a) {
    int64_t begin = plan.offsets[BufferId(a)], end = begin + lowered.buffers[BufferId(a)].bytes;
    if (begin < 0) continue;
    EXPECT_EQ(begin % kBufferAlignment, 0);
    EXPECT_LE(end, plan.arena_bytes);
    for (size_t b = a + 1; b < lives.size(); ++b) {
      if (plan.offsets[BufferId(b)] < 0) continue;
      if (lives[a].last < lives[b].first || lives[b].last < lives[a].first) continue;
      int64_t other = plan.offsets[BufferId(b)];
      EXPECT_TRUE(end <= other || other + lowered.buffers[BufferId(b)].bytes <= begin)
          << "buffers " << a << " and " << b;
    }
  }
}

Kernel kernel_over(std::vector<size_t> buffers) {
  Kernel kernel;
  for (size_t b : buffers) kernel.buffers.push_back({BufferId(b), 0});
  kernel.writes.assign(buffers.size(), false);
  return kernel;
}

}  // namespace

TEST(MemoryPlan, LiveBuffersNeverOverlap) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    Lowered lowered;
    auto buffers = static_cast<size_t>(1 + rng.below(30));
    for (size_t i = 0; i < buffers; ++i) {
      auto kind = rng.below(5) == 0 ? Buffer::Kind::input : Buffer::Kind::temporary;
      lowered.buffers.push_back({.kind = kind, .bytes = 1 + rng.below(seed % 2 ? 5'000 : 200'000)});
    }
    for (int64_t k = 0, n = 1 + rng.below(40); k < n; ++k) {
      std::vector<size_t> uses;
      for (int64_t u = 0; u < 1 + rng.below(4); ++u) {
        uses.push_back(static_cast<size_t>(rng.below(static_cast<int64_t>(buffers))));
      }
      lowered.kernels.push_back(kernel_over(uses));
    }
    expect_disjoint(lowered, plan_memory(lowered));
  }
}

// The last buffer fits anywhere in the first one's memory; in its middle each half lies where the
// same thread worked before.
TEST(MemoryPlan, HalvesStayWithTheThreadThatHadThem) {
  constexpr int64_t kLarge = 256 << 10, kSmall = 64 << 10;
  Lowered lowered;
  lowered.buffers.push_back({.bytes = kLarge});
  lowered.buffers.push_back({.bytes = kSmall});
  lowered.buffers.push_back({.bytes = 2 * kSmall});
  for (size_t i : {0, 1}) lowered.kernels.push_back(kernel_over({i, i + 1}));
  MemoryPlan plan = plan_memory(lowered);
  expect_disjoint(lowered, plan);
  EXPECT_EQ(plan.offsets[BufferId(2)], (kLarge - 2 * kSmall) / 2);
  EXPECT_EQ(plan.arena_bytes, kLarge + kSmall);
}

// The third buffer fits beside the second one in the place of the first, but then the first
// thread's half of the one would be both halves of the other: it gets a place of its own.
TEST(MemoryPlan, BuffersWithoutAMiddleGetALane) {
  Lowered lowered;
  for (int64_t kib : {480, 160, 160, 80}) {
    lowered.buffers.push_back({.kind = Buffer::Kind::temporary, .bytes = kib << 10});
  }
  lowered.kernels = {kernel_over({1}), kernel_over({1, 2}), kernel_over({2, 3}),
                     kernel_over({3, 0})};
  MemoryPlan plan = plan_memory(lowered);
  expect_disjoint(lowered, plan);
  for (BufferId a : {BufferId(0), BufferId(1), BufferId(2), BufferId(3)}) {
    for (BufferId b : {BufferId(0), BufferId(1), BufferId(2), BufferId(3)}) {
      int64_t a_bytes = lowered.buffers[a].bytes, b_bytes = lowered.buffers[b].bytes;
      int64_t begin = std::max(plan.offsets[a], plan.offsets[b]);
      int64_t end = std::min(plan.offsets[a] + a_bytes, plan.offsets[b] + b_bytes);
      if (begin >= end) continue;
      EXPECT_EQ(plan.offsets[a] + a_bytes / 2, plan.offsets[b] + b_bytes / 2)
          << "buffers " << a.index << " and " << b.index;
    }
  }
}

TEST(MemoryPlan, AChainNeedsTwoBuffers) {
  Lowered lowered;
  for (int i = 0; i < 10; ++i) lowered.buffers.push_back({.bytes = 1000});
  for (size_t i = 0; i + 1 < 10; ++i) lowered.kernels.push_back(kernel_over({i, i + 1}));
  MemoryPlan plan = plan_memory(lowered);
  expect_disjoint(lowered, plan);
  EXPECT_EQ(plan.arena_bytes, 2 * 1024);
}

TEST(MemoryPlan, WorkingInPlaceNeedsOne) {
  Lowered lowered;
  for (int i = 0; i < 10; ++i) lowered.buffers.push_back({.bytes = 1000});
  for (size_t i = 0; i + 1 < 10; ++i) {
    lowered.kernels.push_back(kernel_over({i, i + 1}));
    lowered.kernels.back().in_place = {{1, 0}};
  }
  EXPECT_EQ(plan_memory(lowered).arena_bytes, 1024);
  // Not where the read buffer is needed later.
  lowered.kernels.push_back(kernel_over({0, 9}));
  EXPECT_EQ(plan_memory(lowered).arena_bytes, 2 * 1024);
}

TEST(MemoryPlan, UnusedAndForeignBuffersGetNoPlace) {
  Lowered lowered;
  lowered.buffers.push_back({.kind = Buffer::Kind::input, .bytes = 64});
  lowered.buffers.push_back({.bytes = 64});
  lowered.kernels.push_back(kernel_over({0}));
  MemoryPlan plan = plan_memory(lowered);
  EXPECT_EQ(plan.offsets[BufferId(0)], -1);
  EXPECT_EQ(plan.offsets[BufferId(1)], -1);
  EXPECT_EQ(plan.arena_bytes, 0);
}

TEST(MemoryPlan, ScratchIsShared) {
  Lowered lowered;
  auto scratch = [&](int64_t bytes) {
    Buffer buffer;
    buffer.kind = Buffer::Kind::scratch;
    buffer.bytes = bytes;
    return lowered.buffers.push_back(std::move(buffer));
  };
  BufferId a = scratch(100), b = scratch(10), c = scratch(130);
  lowered.kernels.resize(2);
  lowered.kernels[0].buffers = {{a, 0}, {b, 0}};
  lowered.kernels[1].buffers = {{c, 0}};
  MemoryPlan plan = plan_memory(lowered);
  EXPECT_EQ(plan.offsets[a], 0);
  EXPECT_EQ(plan.offsets[b], 128);
  EXPECT_EQ(plan.offsets[c], 0);
  EXPECT_EQ(plan.scratch_bytes, 192);
  EXPECT_EQ(plan.arena_bytes, 0);
}

TEST(MemoryPlan, WhatIsInterleavedLivesTogether) {
  // 0 -> 1 -> 2 -> 3: buffer 3 could have the memory of 1 if the kernels ran one after the other.
  Lowered lowered;
  for (size_t i = 0; i < 4; ++i) {
    lowered.buffers.push_back({.kind = Buffer::Kind::temporary, .bytes = 1 << 20});
  }
  for (size_t k = 0; k < 3; ++k) lowered.kernels.push_back(kernel_over({k, k + 1}));
  EXPECT_EQ(plan_memory(lowered).arena_bytes, 2 << 20);
  std::vector<Interleaved> last = {{1, 3}};
  MemoryPlan plan = plan_memory(lowered, last);
  EXPECT_EQ(plan.arena_bytes, 3 << 20);
  EXPECT_NE(plan.offsets[BufferId(3)], plan.offsets[BufferId(1)]);
  // Working in place stays possible.
  lowered.kernels[2].in_place = {{1, 0}};
  plan = plan_memory(lowered, last);
  EXPECT_EQ(plan.arena_bytes, 2 << 20);
  EXPECT_EQ(plan.offsets[BufferId(3)], plan.offsets[BufferId(2)]);
}

TEST(MemoryPlan, StrandsDoNotTakeTurns) {
  // Two chains, 0 -> 1 -> 2 and 3 -> 4 -> 5, of which each could have the other's memory, and its
  // own again.
  Lowered lowered;
  for (size_t i = 0; i < 6; ++i) lowered.buffers.push_back({.bytes = 1 << 20});
  for (size_t k : {0, 1, 3, 4}) lowered.kernels.push_back(kernel_over({k, k + 1}));
  EXPECT_EQ(plan_memory(lowered).arena_bytes, 2 << 20);
  std::vector<Interleaved> beside = {{0, 4, {0, 0, 1, 1}}};
  MemoryPlan plan = plan_memory(lowered, beside);
  expect_disjoint(lowered, plan);
  EXPECT_EQ(plan.arena_bytes, 4 << 20);
  for (size_t a : {0, 1, 2}) {
    for (size_t b : {3, 4, 5}) EXPECT_NE(plan.offsets[BufferId(a)], plan.offsets[BufferId(b)]);
  }
  // What both read lives all the time.
  lowered.buffers.push_back({.bytes = 1 << 20});
  lowered.kernels[0].buffers.push_back({BufferId(6), 0});
  lowered.kernels[2].buffers.push_back({BufferId(6), 0});
  plan = plan_memory(lowered, beside);
  for (size_t i = 0; i < 6; ++i) EXPECT_NE(plan.offsets[BufferId(i)], plan.offsets[BufferId(6)]);
}

}  // namespace burin::lower
