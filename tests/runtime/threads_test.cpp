// The pool: every tile once, none before its time, whoever comes late.
#include "runtime/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace burin::runtime {

class ThreadPools : public testing::TestWithParam<int> {};

TEST_P(ThreadPools, ShareTilesAndNothingElse) {
  constexpr int64_t kTiles = 10'000;
  ThreadPool pool(GetParam());
  struct Seen {
    std::vector<std::atomic<int>> tiles = std::vector<std::atomic<int>>(kTiles);
    std::vector<std::atomic<int>> inside = std::vector<std::atomic<int>>(2);
    std::atomic<bool> overlapped = false;
  } seen;
  auto task = [](void* context, size_t worker, size_t, int64_t tile) {
    Seen& s = *static_cast<Seen*>(context);
    if (s.inside[worker].fetch_add(1) != 0) s.overlapped = true;
    s.tiles[static_cast<size_t>(tile)].fetch_add(1);
    s.inside[worker].fetch_sub(1);
  };
  for (int64_t tiles : {int64_t{0}, int64_t{1}, int64_t{3}, kTiles}) {
    for (auto& count : seen.tiles) count = 0;
    pool.run(task, &seen, tiles);
    for (int64_t t = 0; t < kTiles; ++t) {
      ASSERT_EQ(seen.tiles[static_cast<size_t>(t)].load(), t < tiles ? 1 : 0) << t;
    }
  }
  EXPECT_FALSE(seen.overlapped);
}

INSTANTIATE_TEST_SUITE_P(OneAndTwo, ThreadPools, testing::Values(1, 2));

// Workers that come late to a region, asleep or taken off their core, find the next one: with more
// threads than cores there always are some.
TEST(ThreadPool, LateWorkersTakeNoTileTwice) {
  ThreadPool pool(7);
  EXPECT_EQ(pool.threads(), 7);
  std::vector<std::atomic<int>> tiles(97);
  auto count = [](void* context, size_t, size_t, int64_t tile) {
    auto& all = *static_cast<std::vector<std::atomic<int>>*>(context);
    all[static_cast<size_t>(tile)].fetch_add(1, std::memory_order_relaxed);
  };
  for (int64_t region = 0; region < 5000; ++region) {
    int64_t used = region % 97;
    pool.run(count, &tiles, used);
    for (int64_t t = 0; t < 97; ++t) {
      ASSERT_EQ(tiles[static_cast<size_t>(t)].exchange(0), t < used ? 1 : 0) << region;
    }
    if (region % 1000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// A worker that stays long in an early tile finds the others' pieces of its stage gone, though it
// does not know yet that they have come so far.
TEST(ThreadPool, EarlyTilesThatOthersTookAreGone) {
  constexpr int64_t kTiles = 70;  // pieces that the worker takes do not end where the others' begin
  ThreadPool pool(2);
  if (pool.threads() < 2) GTEST_SKIP() << "the system refused a thread";
  struct Seen {
    std::atomic<bool> early = false;  // the second share's first tile has begun
    std::atomic<int> stolen = 0;
    std::vector<std::atomic<int>> tiles = std::vector<std::atomic<int>>(kTiles);
  };
  auto task = [](void* context, size_t worker, size_t stage, int64_t tile) {
    Seen& s = *static_cast<Seen*>(context);
    if (stage == 0) {
      while (tile == 0 && worker == 0 && !s.early.load()) std::this_thread::yield();
      return;
    }
    // The caller keeps what it has taken first until the worker has gone on.
    if (worker == 0 && tile >= kTiles / 2 && s.stolen.fetch_add(1) == 0) {
      while (s.tiles[kTiles / 2 + 10].load() == 0) std::this_thread::yield();
    }
    if (worker == 1 && !s.early.exchange(true)) {
      while (s.stolen.load() == 0) std::this_thread::yield();
    }
    ++s.tiles[static_cast<size_t>(tile)];
  };
  std::vector<Stage> stages = {make_stage(0, 2, 2), make_stage(1, kTiles, 2)};
  for (size_t share : {0, 1}) stages[1].early.push_back({0, stages[1].shares[share].count, 1});
  for (int run = 0; run < 100; ++run) {
    Seen seen;
    pool.run(task, &seen, stages);
    for (const auto& times : seen.tiles) ASSERT_EQ(times.load(), 1);
  }
}

// Short tiles are left to their worker for a while, but not for ever.
TEST(ThreadPool, AStuckWorkerIsHelped) {
  constexpr int kTiles = 16;  // few enough to be taken one by one
  ThreadPool pool(2);
  struct Seen {
    std::atomic<int> done = 0;
    std::atomic<bool> stuck = false;
  } seen;
  auto task = [](void* context, size_t worker, size_t, int64_t) {
    Seen& s = *static_cast<Seen*>(context);
    if (worker == 1 && !s.stuck.exchange(true)) {
      while (s.done.load() < kTiles - 1) std::this_thread::yield();
    }
    s.done.fetch_add(1);
  };
  for (int region = 0; region < 100; ++region) {
    seen.done = 0, seen.stuck = false;
    pool.run(task, &seen, kTiles);
    ASSERT_EQ(seen.done.load(), kTiles);
  }
}

// Chains in which every tile looks at who is done: early tiles need their own share and what lies
// far enough behind, the others all of the stages in front.
class ChainOfStages : public testing::TestWithParam<int> {
 protected:
  struct Chain {
    std::vector<Stage> stages;
    std::vector<std::vector<std::atomic<int64_t>>> done;  // tiles, by stage and share
    std::vector<std::vector<std::atomic<int>>> seen;      // by stage and tile
    std::atomic<int> too_early = 0;
  };

  // Whether a share has done stages [0, end).
  static bool has_done(const Chain& c, size_t share, int64_t end) {
    for (int64_t s = 0; s < end; ++s) {
      auto i = static_cast<size_t>(s);
      if (c.done[i][share] < c.stages[i].shares[share].count) return false;
    }
    return true;
  }

  static void run_tile(void* context, size_t, size_t s, int64_t tile) {
    Chain& c = *static_cast<Chain*>(context);
    size_t shares = c.done[s].size(), share = 0;
    while (tile < c.stages[s].shares[share].first || tile >= c.stages[s].shares[share].end()) {
      ++share;
    }
    EarlyTiles early;
    if (!c.stages[s].early.empty()) early = c.stages[s].early[share];
    int64_t at = tile - c.stages[s].shares[share].first;
    bool is_early = at >= early.first && at < early.first + early.count;
    for (size_t other = 0; other < shares; ++other) {
      auto end = static_cast<int64_t>(s);
      if (other != share && is_early) end -= early.lag;
      if (!has_done(c, other, end)) ++c.too_early;
    }
    if (tile % 7 == 0) std::this_thread::yield();
    ++c.seen[s][static_cast<size_t>(tile)];
    ++c.done[s][share];
  }

  static void fill(Chain& c, uint32_t seed, int64_t shares) {
    auto random = [state = seed](int64_t below) mutable {
      state = state * 1664525 + 1013904223;
      return static_cast<int64_t>(state >> 8) % below;
    };
    for (int64_t s = 1 + random(9); s > 0; --s) {
      int64_t slices = 1 + random(3), slice = random(slices), tiles = random(40);
      if (random(4) == 0) tiles = random(3);
      Stage stage = tiles == 1 ? make_single_stage(0, random(shares), shares)
                               : make_stage(0, tiles, shares, slice, slices);
      for (size_t share = 0; share < stage.shares.size() && seed % 4 != 0; ++share) {
        int64_t first = random(stage.shares[share].count + 1);
        stage.early.push_back({first, random(stage.shares[share].count - first + 1), random(4)});
      }
      c.done.emplace_back(static_cast<size_t>(shares));
      c.seen.emplace_back(static_cast<size_t>(tiles));
      c.stages.push_back(std::move(stage));
    }
  }
};

TEST_P(ChainOfStages, RunsEachTileOnceAndNoneTooEarly) {
  ThreadPool pool(GetParam());
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    Chain chain;
    fill(chain, seed, pool.threads());
    pool.run(run_tile, &chain, chain.stages);
    ASSERT_EQ(chain.too_early.load(), 0) << seed;
    for (size_t s = 0; s < chain.stages.size(); ++s) {
      std::vector<int> expected(chain.seen[s].size(), 0);
      for (const TileRange& share : chain.stages[s].shares) {
        for (int64_t t = share.first; t < share.end(); ++t) ++expected[static_cast<size_t>(t)];
      }
      for (size_t t = 0; t < expected.size(); ++t) {
        ASSERT_EQ(chain.seen[s][t].load(), expected[t]) << seed;
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Threads, ChainOfStages, testing::Values(1, 2, 3, 7));

TEST(ThreadPool, RegionsMayHaveAnyNumberOfTiles) {
  ThreadPool pool(2);
  std::atomic<int64_t> sum = 0;
  auto add = [](void* context, size_t, size_t, int64_t tile) {
    static_cast<std::atomic<int64_t>*>(context)->fetch_add(tile, std::memory_order_relaxed);
  };
  constexpr int64_t kTiles = 2'500'000;
  pool.run(add, &sum, kTiles);
  EXPECT_EQ(sum.load(), kTiles * (kTiles - 1) / 2);
}

}  // namespace burin::runtime
