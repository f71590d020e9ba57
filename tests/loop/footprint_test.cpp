// What intervals tell about addresses: exactly where loops and divisions lie evenly, too much where
// they do not know.
#include "loop/footprint.h"

#include <gtest/gtest.h>

#include <functional>

#include "loop/builder.h"
#include "loop/verify.h"

namespace burin::loop {

namespace {

constexpr Type kF32{Elem::f32, 1};
constexpr ByteRange kAll{-kFarByte, kFarByte};

// What tiles [first, end) of a function of two buffers touch.
std::vector<Touched> touched(const std::function<void(Builder&)>& build, int64_t first,
                             int64_t end) {
  Builder b("test", 2);
  build(b);
  Function f = b.finish();
  auto verified = verify(f);
  EXPECT_TRUE(verified) << verified.error().text();
  return Footprint(f).of_tiles(first, end);
}

ByteRange bytes(const std::function<void(Builder&)>& build, int64_t first, int64_t end) {
  return touched(build, first, end)[0].bytes;
}

}  // namespace

TEST(Footprint, RowsAndTheirNeighbours) {
  // Each tile is a row of 10 elements, made from it and the rows above and below.
  auto build = [](Builder& b) {
    Value row = b.offset({b.pointer(0), b.mul(b.tile(), b.index(40)), 1, 0});
    b.loop(b.index(-1), b.index(2), 1, [&](Value r) {
      Value other = b.offset({row, b.mul(r, b.index(40)), 1, 0});
      b.loop(b.index(0), b.index(10), 1, [&](Value i) { b.load(kF32, {other, i, 4, 0}); });
    });
    Value out = b.offset({b.pointer(1), b.tile(), 8, 64});
    b.store(b.index(0), {out});
  };
  std::vector<Touched> three = touched(build, 2, 5);
  EXPECT_EQ(three[0].bytes, (ByteRange{40, 240}));
  EXPECT_FALSE(three[0].written);
  EXPECT_EQ(three[1].bytes, (ByteRange{80, 104}));
  EXPECT_TRUE(three[1].written);
  EXPECT_TRUE(touched(build, 2, 2)[0].bytes.empty());
}

TEST(Footprint, TilesOfTwoAxes) {
  // Tile t is row t / 4 and column t % 4 of a matrix of 4 columns.
  auto build = [](Builder& b) {
    Value row = b.div(b.tile(), b.index(4)), column = b.rem(b.tile(), b.index(4));
    b.load(kF32, {b.pointer(0), b.add(b.mul(row, b.index(4)), column), 4, 0});
  };
  EXPECT_EQ(bytes(build, 4, 8), (ByteRange{16, 32}));
  EXPECT_EQ(bytes(build, 5, 7), (ByteRange{20, 28}));
  EXPECT_EQ(bytes(build, 6, 10), (ByteRange{16, 48}));  // any column of two rows
}

TEST(Footprint, BoundsCutAndLoopsMayNotRun) {
  auto build = [](Builder& b) {
    Value n = b.max(b.min(b.sub(b.tile(), b.index(3)), b.index(5)), b.index(0));
    b.loop(b.index(0), n, 1, [&](Value i) { b.load(kF32, {b.pointer(0), i, 4, 0}); });
  };
  EXPECT_TRUE(bytes(build, 0, 4).empty());
  EXPECT_EQ(bytes(build, 0, 6), (ByteRange{0, 8}));
  EXPECT_EQ(bytes(build, 0, 100), (ByteRange{0, 20}));
}

TEST(Footprint, StepsEndWhereTheyCount) {
  auto build = [](Builder& b) {
    b.loop(b.index(0), b.index(40), 16, [&](Value i) {  // 0, 16, 32
      b.load({Elem::f32, 16}, {b.pointer(0), i, 4, 0});
    });
    // From an unknown start on, any element below the end may be the last one.
    b.loop(b.rem(b.tile(), b.index(2)), b.index(40), 16, [&](Value i) {
      b.load(kF32, {b.pointer(1), i, 4, 0});
    });
  };
  std::vector<Touched> both = touched(build, 0, 2);
  EXPECT_EQ(both[0].bytes, (ByteRange{0, 192}));
  EXPECT_EQ(both[1].bytes, (ByteRange{0, 160}));
}

TEST(Footprint, MasksEndVectors) {
  auto build = [](Builder& b) {
    Value mask = b.first_n({Elem::m32, 16}, b.tile());
    b.load({Elem::f32, 16}, {b.pointer(0)}, mask);
    Value both = b.bit_and(mask, b.compare(Op::cmp_gt, b.load({Elem::f32, 16}, {b.pointer(1)}),
                                           b.load({Elem::f32, 16}, {b.pointer(1)})));
    b.load({Elem::f32, 16}, {b.pointer(0), {}, 1, 64}, both);
  };
  EXPECT_EQ(bytes(build, 0, 4), (ByteRange{0, 76}));
  EXPECT_TRUE(bytes(build, 0, 1).empty());
  EXPECT_EQ(bytes(build, 0, 40), (ByteRange{0, 128}));
}

TEST(Footprint, BothSidesOfABranchCount) {
  auto build = [](Builder& b) {
    Value early = b.compare(Op::cmp_lt, b.tile(), b.index(3));
    b.branch(
        early, [&] { b.load(kF32, {b.pointer(0)}); },
        [&] {
          b.load(kF32, {b.pointer(0), {}, 1, 400});
        });
  };
  EXPECT_EQ(bytes(build, 0, 1), (ByteRange{0, 404}));
}

TEST(Footprint, WhatIsNotKnownIsAllOfABuffer) {
  auto gathered = [](Builder& b) {
    b.gather({Elem::f32, 8}, b.pointer(0), b.lane_ids({Elem::i32, 8}), 4);
  };
  EXPECT_EQ(bytes(gathered, 0, 1), kAll);
  auto index_from_memory = [](Builder& b) {
    b.load(kF32, {b.pointer(0), b.load(kIndex, {b.pointer(1)}), 4, 0});
  };
  std::vector<Touched> both = touched(index_from_memory, 0, 1);
  EXPECT_LE(both[0].bytes.begin, -kFarByte / 2);
  EXPECT_GE(both[0].bytes.end, kFarByte / 2);
  EXPECT_EQ(both[1].bytes, (ByteRange{0, 8}));
}

TEST(Footprint, PointersMayMoveButNotChangeTheirBuffer) {
  auto moves = [](Builder& b) {
    Value init[] = {b.pointer(0)};
    b.loop(b.index(0), b.index(4), 1, init, [&](Value, std::span<const Value> carried) {
      b.load(kF32, {carried[0]});
      return std::vector<Value>{b.offset({carried[0], {}, 1, 4})};
    });
  };
  EXPECT_EQ(bytes(moves, 0, 1), (ByteRange{0, 16}));
  EXPECT_TRUE(touched(moves, 0, 1)[1].bytes.empty());
  auto changes = [](Builder& b) {
    Value init[] = {b.pointer(0)};
    b.loop(b.index(0), b.index(4), 1, init, [&](Value, std::span<const Value> carried) {
      b.load(kF32, {carried[0]});
      return std::vector<Value>{b.pointer(1)};
    });
  };
  for (const Touched& t : touched(changes, 0, 1)) EXPECT_EQ(t.bytes, kAll);
}

TEST(Footprint, WhatLoopsCarryMovesByTheSameEachTurn) {
  // Tile t: rows of `t` and 3 elements behind each other, then one element behind them.
  auto build = [](Builder& b) {
    Value row_bytes = b.mul(b.tile(), b.index(4));
    Value init[] = {b.offset({b.pointer(0), {}, 1, 100}), b.index(7)};
    std::vector<Value> last =
        b.loop(b.index(0), b.index(3), 1, init, [&](Value, std::span<const Value> carried) {
          b.store(b.index(0), {b.pointer(1), carried[1], 8, 0});
          b.load(kF32, {carried[0]});
          Value next = b.offset({b.offset({carried[0], row_bytes, 1, 8}), {}, 1, 4});
          return std::vector<Value>{next, b.add(b.index(-2), carried[1])};
        });
    b.load(kF32, {last[0]});
  };
  std::vector<Touched> both = touched(build, 5, 6);
  EXPECT_EQ(both[0].bytes, (ByteRange{100, 100 + 3 * 32 + 4}));
  EXPECT_EQ(both[1].bytes, (ByteRange{24, 64}));  // 7, 5, 3
  EXPECT_EQ(touched(build, 2, 6)[0].bytes, (ByteRange{100, 100 + 3 * 32 + 4}));
}

TEST(Footprint, LoopsOfFewOrManyTurns) {
  auto build = [](Builder& b) {
    Value turns = b.rem(b.tile(), b.index(4));
    Value init[] = {b.pointer(0)};
    std::vector<Value> last =
        b.loop(b.index(0), turns, 1, init, [&](Value, std::span<const Value> carried) {
          return std::vector<Value>{b.offset({carried[0], {}, 1, 10})};
        });
    b.load(kF32, {last[0]});
  };
  EXPECT_EQ(bytes(build, 2, 3), (ByteRange{20, 24}));
  EXPECT_EQ(bytes(build, 1, 4), (ByteRange{10, 34}));
  EXPECT_EQ(bytes(build, 0, 1), (ByteRange{0, 4}));
}

TEST(Footprint, WhatMovesByWhatATurnComputesIsNotKnown) {
  auto build = [](Builder& b) {
    Value init[] = {b.pointer(0)};
    b.loop(b.index(0), b.index(3), 1, init, [&](Value i, std::span<const Value> carried) {
      b.load(kF32, {carried[0]});
      return std::vector<Value>{b.offset({carried[0], i, 4, 0})};
    });
  };
  EXPECT_LE(bytes(build, 0, 1).begin, -kFarByte / 2);
  EXPECT_GE(bytes(build, 0, 1).end, kFarByte / 2);
}

}  // namespace burin::loop
