// Steps over rows of bytes: which of them run slice by slice, and in which order.
#include "runtime/bands.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/run_ahead.h"

namespace burin::runtime {

namespace {

constexpr int64_t kBandTiles = 64, kRow = 100;  // bytes that a tile touches of a buffer
constexpr BandLimits kAnything{1, std::numeric_limits<int64_t>::max()};

// Tile t touches rows [t + first, t + end) of the memory of a number.
BufferReach rows(uint32_t memory, bool writes, int64_t first = 0, int64_t end = 1) {
  BufferReach reach{Place::Kind::arena, memory, writes, {}};
  for (int64_t p = 0; p < kStepParts; ++p) {
    int64_t begin = share_begin(kBandTiles, p, kStepParts);
    int64_t last = share_begin(kBandTiles, p + 1, kStepParts) - 1;
    reach.parts[static_cast<size_t>(p)] = {std::max<int64_t>((begin + first) * kRow, 0),
                                           std::min((last + end), kBandTiles) * kRow};
  }
  return reach;
}

// Every tile touches all of it.
BufferReach whole(uint32_t memory, bool writes, int64_t bytes = kBandTiles * kRow) {
  BufferReach reach{Place::Kind::arena, memory, writes, {}};
  reach.parts.fill({0, bytes});
  return reach;
}

StepReach reach_step(std::vector<BufferReach> buffers) {
  return {true, kBandTiles, std::move(buffers)};
}

// 0 -> 1 -> 2 ..., row by row.
std::vector<StepReach> chain(uint32_t steps) {
  std::vector<StepReach> all;
  for (uint32_t s = 0; s < steps; ++s)
    all.push_back(reach_step({rows(s, false), rows(s + 1, true)}));
  return all;
}

std::vector<size_t> members(const Band& band) {
  std::vector<size_t> steps;
  for (const Band::Member& m : band.members) steps.push_back(m.step);
  return steps;
}

std::vector<int64_t> lags(const Band& band) {
  std::vector<int64_t> all;
  for (const Band::Member& m : band.members) all.push_back(m.lag);
  return all;
}

using Steps = std::vector<size_t>;

}  // namespace

TEST(Bands, RowsThatStepsPassOn) {
  for (int64_t shares : {1, 2, 4, 8}) {
    std::vector<Band> bands = plan_bands(chain(4), shares, kAnything);
    ASSERT_EQ(bands.size(), 1u);
    EXPECT_EQ(members(bands[0]), (Steps{0, 1, 2, 3}));
    EXPECT_EQ(bands[0].slices, kStepParts / shares);
    EXPECT_EQ(bands[0].begin, 0u);
    EXPECT_EQ(bands[0].end, 4u);
  }
  EXPECT_EQ(lags(plan_bands(chain(3), 1, kAnything)[0]), (std::vector<int64_t>{0, 0, 0}));
  EXPECT_TRUE(plan_bands(chain(1), 1, kAnything).empty());
  EXPECT_TRUE(plan_bands(chain(4), 1, {}).empty());  // the default: none
}

TEST(Bands, NeighboursMakeALag) {
  std::vector<StepReach> steps = chain(3);
  steps[1].buffers[0] = rows(1, false, -1, 2);
  std::vector<Band> bands = plan_bands(steps, 1, kAnything);
  ASSERT_EQ(bands.size(), 1u);
  EXPECT_EQ(lags(bands[0]), (std::vector<int64_t>{0, 1, 1}));
  EXPECT_EQ(bands[0].turns(), 17);
  // Shares meet at their borders in the same turn.
  for (int64_t shares : {2, 4}) {
    bands = plan_bands(steps, shares, kAnything);
    ASSERT_EQ(bands.size(), 1u);
    EXPECT_EQ(lags(bands[0]), (std::vector<int64_t>{0, 1, 1}));
  }
}

TEST(Bands, WhoNeedsAllOfAStepEndsIt) {
  std::vector<StepReach> steps = chain(5);
  steps[2].buffers[0] = whole(2, false);
  std::vector<Band> bands = plan_bands(steps, 1, kAnything);
  ASSERT_EQ(bands.size(), 2u);
  EXPECT_EQ(members(bands[0]), (Steps{0, 1}));
  EXPECT_EQ(members(bands[1]), (Steps{2, 3, 4}));
  steps = chain(4);
  steps[1].known = false;
  bands = plan_bands(steps, 1, kAnything);
  ASSERT_EQ(bands.size(), 1u);
  EXPECT_EQ(members(bands[0]), (Steps{2, 3}));
}

TEST(Bands, SmallStepsRunBeforeOrAfter) {
  BandLimits limits{kBandTiles * kRow, std::numeric_limits<int64_t>::max()};
  std::vector<StepReach> steps = chain(3);
  // Weights for the second step; a sum over what it made, and what is made of that.
  steps.insert(steps.begin() + 1, reach_step({whole(20, false, 9), whole(21, true, 9)}));
  steps[2].buffers.push_back(whole(21, false, 9));
  steps.insert(steps.begin() + 3, reach_step({rows(2, false), whole(22, true, 9)}));
  for (BufferReach& b : steps[3].buffers) {
    for (ByteRange& part : b.parts) part = {0, 9};
  }
  steps.insert(steps.begin() + 4, reach_step({whole(22, false, 9), whole(23, true, 9)}));
  std::vector<Band> bands = plan_bands(steps, 1, limits);
  ASSERT_EQ(bands.size(), 1u);
  EXPECT_EQ(members(bands[0]), (Steps{0, 2, 5}));
  EXPECT_EQ(bands[0].before, (Steps{1}));
  EXPECT_EQ(bands[0].after, (Steps{3, 4}));
  // A member that reads what runs after the band: no longer one.
  steps[5].buffers.push_back(whole(23, false, 9));
  bands = plan_bands(steps, 1, limits);
  ASSERT_EQ(bands.size(), 1u);
  EXPECT_EQ(members(bands[0]), (Steps{0, 2}));
  EXPECT_EQ(bands[0].end, 3u);
  EXPECT_TRUE(bands[0].after.empty());
}

TEST(Bands, MemoryUsedAgainEndsThem) {
  std::vector<StepReach> steps = chain(3);
  steps[2].buffers[1].index = 0;  // in place of what the first one reads: row by row
  EXPECT_EQ(members(plan_bands(steps, 1, kAnything)[0]), (Steps{0, 1, 2}));
  std::reverse(steps[2].buffers[1].parts.begin(), steps[2].buffers[1].parts.end());
  EXPECT_EQ(members(plan_bands(steps, 1, kAnything)[0]), (Steps{0, 1}));
}

TEST(Bands, LimitsOfWhatIsPassedOnAndAtHand) {
  int64_t tensor = kBandTiles * kRow, slice = tensor / kStepParts;
  EXPECT_EQ(plan_bands(chain(2), 1, {tensor, 3 * slice}).size(), 1u);
  EXPECT_TRUE(plan_bands(chain(2), 1, {tensor + 1, 3 * slice}).empty());
  EXPECT_TRUE(plan_bands(chain(2), 1, {tensor, 3 * slice - 1}).empty());
  // Weights that every slice reads again must be less than what is saved.
  std::vector<StepReach> steps = chain(2);
  steps[1].buffers.push_back(whole(9, false, slice));
  EXPECT_EQ(plan_bands(steps, 1, {tensor, 5 * slice}).size(), 1u);
  steps[1].buffers.back() = whole(9, false, 20 * slice);
  EXPECT_TRUE(plan_bands(steps, 1, {tensor, 50 * slice}).empty());
}

// The stages of random programs: each tile once, and any two that conflict in the program's order.
TEST(Bands, StagesKeepTheOrderOfWhatConflicts) {
  int banded = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    auto random = [state = seed * 7919 + 1](int64_t below) mutable {
      state = state * 1664525 + 1013904223;
      return static_cast<int64_t>(state >> 8) % below;
    };
    Program program;
    program.band_limits = kAnything;
    for (int64_t s = 2 + random(7); s > 0; --s) {
      Step made;
      made.tiles = kBandTiles;
      for (int64_t b = 0; b < 3; ++b) {
        auto memory = static_cast<uint32_t>(random(6));
        BufferReach reach = random(6) == 0 ? whole(memory, b == 0)
                                           : rows(memory, b == 0, -random(2), 1 + random(2));
        made.buffers.push_back({Place::Kind::output, memory, 0});
        made.touches.push_back({reach.writes, reach.parts});
      }
      program.steps.push_back(std::move(made));
    }
    int shares = 1 + static_cast<int>(seed % 3);
    std::vector<Stage> stages = plan_stages(program, shares);
    banded += stages.size() > program.steps.size() ? 1 : 0;
    std::vector<StepReach> reaches;
    for (const Step& s : program.steps) reaches.push_back(reach_of(s));
    std::vector<std::vector<int>> times(program.steps.size(), std::vector<int>(kBandTiles, 0));
    for (size_t later = 0; later < stages.size(); ++later) {
      for (const TileRange& share : stages[later].shares) {
        for (int64_t t = share.first; t < share.end(); ++t) {
          ++times[stages[later].step][static_cast<size_t>(t)];
        }
      }
      for (size_t earlier = 0; earlier < later; ++earlier) {
        if (stages[earlier].step <= stages[later].step) continue;
        for (const BufferReach& a : reaches[stages[earlier].step].buffers) {
          for (const BufferReach& b : reaches[stages[later].step].buffers) {
            for (const TileRange& x : stages[earlier].shares) {
              for (const TileRange& y : stages[later].shares) {
                ASSERT_FALSE(conflict(a, a.of(x, kBandTiles), b, b.of(y, kBandTiles))) << seed;
              }
            }
          }
        }
      }
    }
    for (const auto& step : times) EXPECT_EQ(std::ranges::count(step, 1), kBandTiles) << seed;
  }
  EXPECT_GT(banded, 100);
}

}  // namespace burin::runtime
