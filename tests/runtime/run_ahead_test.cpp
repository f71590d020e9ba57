// Programs of rows: which tiles may run before all of the step in front are done.
#include "runtime/run_ahead.h"

#include <gtest/gtest.h>

namespace burin::runtime {

namespace {

constexpr int64_t kTiles = 32;

Place arena(int64_t offset) { return {Place::Kind::arena, 0, offset}; }

// Tile t touches bytes [first(t), end(t)) of a buffer.
Touch touch(bool writes, int64_t first, int64_t end, int64_t tiles = kTiles) {
  Touch t;
  t.writes = writes;
  for (int64_t p = 0; p < kStepParts; ++p) {
    int64_t begin = share_begin(tiles, p, kStepParts), last = share_begin(tiles, p + 1, kStepParts);
    if (begin < last) t.parts[static_cast<size_t>(p)] = {begin + first, last - 1 + end};
  }
  return t;
}

Step step(std::vector<Place> buffers, std::vector<Touch> touches, int64_t tiles = kTiles) {
  Step s;
  s.tiles = tiles;
  s.buffers = std::move(buffers);
  s.touches = std::move(touches);
  return s;
}

void expect_early(const EarlyTiles& early, int64_t first, int64_t count, int64_t lag) {
  EXPECT_EQ(early.count, count);
  if (count == 0) return;
  EXPECT_EQ(early.first, first);
  EXPECT_EQ(early.lag, lag);
}

// 0 -> 1000 -> 2000 -> 0 ..., byte t from byte t.
Program elementwise(size_t steps) {
  Program program;
  for (size_t s = 0; s < steps; ++s) {
    auto from = static_cast<int64_t>(s % 3) * 1000, to = static_cast<int64_t>((s + 1) % 3) * 1000;
    program.steps.push_back(
        step({arena(from), arena(to)}, {touch(false, 0, 1), touch(true, 0, 1)}));
  }
  return program;
}

}  // namespace

TEST(RunAhead, WhatItsOwnShareMadeIsEarly) {
  std::vector<Stage> stages = plan_stages(elementwise(5), 2);
  ASSERT_EQ(stages.size(), 5u);
  for (const Stage& stage : stages) {
    EXPECT_EQ(stage.tiles(), kTiles);
    ASSERT_EQ(stage.early.size(), 2u);
    expect_early(stage.early[0], 0, 16, kMostLag);
    expect_early(stage.early[1], 0, 16, kMostLag);
  }
}

TEST(RunAhead, NeighboursOfAnotherShareAreNot) {
  Program program = elementwise(2);
  program.steps[1].touches[0] = touch(false, -1, 2);
  std::vector<Stage> stages = plan_stages(program, 2);
  // A part of two tiles next to the other share waits.
  expect_early(stages[1].early[0], 0, 14, kMostLag);
  expect_early(stages[1].early[1], 2, 14, kMostLag);
  stages = plan_stages(program, 4);
  expect_early(stages[1].early[1], 2, 4, kMostLag);  // between two others
}

TEST(RunAhead, AllOfABufferIsNot) {
  Program program = elementwise(3);
  for (ByteRange& part : program.steps[1].touches[0].parts) part = {0, kTiles};
  std::vector<Stage> stages = plan_stages(program, 2);
  expect_early(stages[1].early[0], 0, 0, 0);
  // The step behind it writes what that reads, though its own tiles are made by its own share.
  expect_early(stages[2].early[1], 0, 16, kMostLag);
  program.steps[2].buffers[1] = arena(1000);
  stages = plan_stages(program, 2);
  expect_early(stages[2].early[1], 0, 0, 0);
}

TEST(RunAhead, MemoryUsedAgainBoundsTheLag) {
  Program program = elementwise(3);
  // The last step writes, in the other order, over what the first one read.
  for (int64_t p = 0; p < kStepParts; ++p) {
    int64_t tile = kTiles - 2 * (p + 1);
    program.steps[2].touches[1].parts[static_cast<size_t>(p)] = {tile, tile + 2};
  }
  std::vector<Stage> stages = plan_stages(program, 2);
  expect_early(stages[2].early[0], 0, 16, 1);
}

TEST(RunAhead, ReadersDoNotConflict) {
  Program program = elementwise(2);
  program.steps[1].buffers = {arena(0), arena(2000)};
  for (ByteRange& part : program.steps[1].touches[0].parts) part = {0, kTiles};
  expect_early(plan_stages(program, 2)[1].early[0], 0, 16, kMostLag);
  // Nor do constants, scratch memory, or ports of another number.
  program = elementwise(2);
  for (size_t i = 0; i < 2; ++i) {
    program.steps[i].buffers = {arena(0), {Place::Kind::scratch, 0, 0}};
    for (ByteRange& part : program.steps[i].touches[1].parts) part = {0, kTiles};
  }
  expect_early(plan_stages(program, 2)[1].early[0], 0, 16, kMostLag);
  for (uint32_t i = 0; i < 2; ++i) {
    program.steps[i].buffers[1] = {Place::Kind::output, i, 0};
  }
  expect_early(plan_stages(program, 2)[1].early[0], 0, 16, kMostLag);
  program.steps[1].buffers[1].index = 0;
  expect_early(plan_stages(program, 2)[1].early[0], 0, 0, 0);
}

TEST(RunAhead, WhatIsNotToldIsAllOfMemory) {
  Program program = elementwise(3);
  program.steps[1].touches.clear();
  std::vector<Stage> stages = plan_stages(program, 2);
  EXPECT_TRUE(stages[1].early.empty());
  expect_early(stages[2].early[0], 0, 0, 0);
}

TEST(RunAhead, SharesThatCutParts) {
  // 5 shares of 16 parts: a part that two shares have a piece of belongs to none.
  Program program = elementwise(2);
  std::vector<Stage> stages = plan_stages(program, 5);
  expect_early(stages[1].early[0], 0, 6, kMostLag);  // of 7 tiles
  EXPECT_TRUE(plan_stages(program, 1)[1].early.empty());
}

}  // namespace burin::runtime
