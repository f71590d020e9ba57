// Few tiles come in even numbers where a chunk of at least half the size makes them so.
#include "lower/kernels/tiles.h"

#include <gtest/gtest.h>

namespace burin::lower {

TEST(Tiles, FewAreSharedEvenly) {
  EXPECT_EQ(share_evenly(14, 2, 1, 1), 1);     // 7 tiles become 14
  EXPECT_EQ(share_evenly(9, 3, 1, 1), 3);      // two at a time would be five
  EXPECT_EQ(share_evenly(8, 2, 1, 1), 2);      // even already
  EXPECT_EQ(share_evenly(5, 5, 1, 1), 5);      // one tile stays one
  EXPECT_EQ(share_evenly(48, 16, 16, 1), 16);  // no smaller chunk is a multiple of the step
  EXPECT_EQ(share_evenly(34, 2, 1, 1), 2);     // 17 are enough as they are
  EXPECT_EQ(share_evenly(7, 2, 1, 2), 2);      // eight: even for each of two rows
}

TEST(Tiles, PlanCoversItsAxis) {
  TilePlan plan = plan_tiles({7, 100}, 1, 200, -1, 1);
  EXPECT_EQ(plan.axis, size_t{0});
  EXPECT_EQ(plan.tiles % 2, 0);
  EXPECT_GE(plan.tiles * plan.chunk, 7);
}

}  // namespace burin::lower
