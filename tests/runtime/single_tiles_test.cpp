// Chains of steps of one tile: which share runs them, and how far it may be ahead.
#include "runtime/single_tiles.h"

#include <gtest/gtest.h>

#include "runtime/run_ahead.h"

namespace burin::runtime {

namespace {

constexpr int64_t kBytes = 64;
constexpr double kLong = 3e-6;  // seconds

// Reads some memories and writes one.
Step single(std::vector<uint32_t> reads, uint32_t writes) {
  Step step;
  step.bytes = kLong * 1e11;
  auto add = [&](uint32_t memory, bool is_written) {
    Touch touch;
    touch.writes = is_written;
    touch.parts[0] = {0, kBytes};
    step.buffers.push_back({Place::Kind::output, memory, 0});
    step.touches.push_back(touch);
  };
  for (uint32_t memory : reads) add(memory, false);
  add(writes, true);
  return step;
}

Step shared(uint32_t reads, uint32_t writes) {
  Step step = single({reads}, writes);
  step.tiles = kStepParts;
  for (Touch& touch : step.touches) touch.parts.fill({0, kBytes});
  return step;
}

// Memory 0 is read by chains that live in memories 1, 2, ..., each to its end.
std::vector<Step> chains(uint32_t count, int length) {
  std::vector<Step> steps;
  for (uint32_t chain = 1; chain <= count; ++chain) {
    for (int i = 0; i < length; ++i) steps.push_back(single({0, chain}, chain));
  }
  return steps;
}

std::vector<int64_t> place(const std::vector<Step>& steps, int64_t shares, double each = kLong) {
  std::vector<StepReach> reaches;
  for (const Step& step : steps) reaches.push_back(reach_of(step));
  return place_single_tiles(reaches, std::vector<double>(steps.size(), each), shares);
}

}  // namespace

TEST(SingleTiles, ChainsGoToSharesOfTheirOwn) {
  EXPECT_EQ(place(chains(2, 3), 2), (std::vector<int64_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(place(chains(3, 2), 3), (std::vector<int64_t>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(place(chains(2, 2), 1), (std::vector<int64_t>{0, 0, 0, 0}));
  // The third one goes where there is time for it.
  std::vector<Step> steps = chains(1, 4);
  for (const Step& step : chains(3, 1)) steps.push_back(step);
  steps.erase(steps.begin() + 4);
  EXPECT_EQ(place(steps, 2), (std::vector<int64_t>{0, 0, 0, 0, 1, 1}));
}

TEST(SingleTiles, WhatDependsOnAnotherStaysWithIt) {
  EXPECT_EQ(place(chains(1, 6), 2), std::vector<int64_t>(6, 0));
  std::vector<Step> joined = chains(2, 2);
  joined.push_back(single({1, 2}, 3));
  EXPECT_EQ(place(joined, 2).back(), 1);  // with the chain that ends last
}

TEST(SingleTiles, ShortOnesStayTogether) {
  EXPECT_EQ(place(chains(2, 1), 2, 1e-7), (std::vector<int64_t>{0, 0}));
}

TEST(SingleTiles, StepsOfAllSharesAndUnknownOnesEndChains) {
  std::vector<Step> steps = {single({0}, 1), shared(1, 2), single({0}, 3), single({0}, 4)};
  EXPECT_EQ(place(steps, 2), (std::vector<int64_t>{0, 0, 0, 1}));
  steps = chains(2, 1);
  steps[1].touches.clear();
  EXPECT_EQ(place(steps, 2), (std::vector<int64_t>{0, 0}));
}

TEST(SingleTiles, AChainRunsAheadOfTheOthers) {
  constexpr int kLength = 100;
  Program program;
  program.steps = chains(2, kLength);
  program.steps.insert(program.steps.begin(), single({5}, 0));
  std::vector<Stage> stages = plan_stages(program, 2);
  ASSERT_EQ(stages.size(), 2u * kLength + 1);
  for (size_t s = 1; s < stages.size(); ++s) {
    bool second = s > kLength;
    EXPECT_EQ(stages[s].shares[0].count, second ? 0 : 1);
    EXPECT_EQ(stages[s].shares[1].count, second ? 1 : 0);
    const EarlyTiles& early = stages[s].early[second ? 1 : 0];
    EXPECT_EQ(early.count, 1);
    // All that the second chain waits for is the first step of all.
    EXPECT_EQ(early.lag, second ? static_cast<int64_t>(s) - 1 : kMostLagOfSingle);
  }
}

}  // namespace burin::runtime
