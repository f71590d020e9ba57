// Dividing items by class, and the summary of classes.
#include "data/split.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/colour_dataset.h"

namespace burin::data {

TEST(Split, KeepsTheBalanceOfClasses) {
  test::ColourDataset set(103, 4);
  auto split = split_items(set, 0.25, 7);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->train.size() + split->held_out.size(), 103u);
  std::vector<int64_t> both;
  std::ranges::set_union(split->train, split->held_out, std::back_inserter(both));
  EXPECT_EQ(both, all_items(set));
  for (int c = 0; c < 4; ++c) {
    auto of_class = [&](int64_t item) { return set.label(item) == c; };
    EXPECT_NEAR(std::ranges::count_if(split->held_out, of_class), 6.5, 0.6);
  }
}

TEST(Split, DependsOnTheSeedAlone) {
  test::ColourDataset set(100, 2);
  EXPECT_EQ(split_items(set, 0.2, 1)->held_out, split_items(set, 0.2, 1)->held_out);
  EXPECT_NE(split_items(set, 0.2, 1)->held_out, split_items(set, 0.2, 2)->held_out);
}

TEST(Split, LeavesSomethingOnBothSides) {
  test::ColourDataset set(4, 2);
  EXPECT_EQ(split_items(set, 0.01, 1)->held_out.size(), 2u);
  EXPECT_EQ(split_items(set, 0.99, 1)->train.size(), 2u);
  EXPECT_EQ(split_items(set, 0, 1)->train.size(), 4u);
  EXPECT_FALSE(split_items(set, 1, 1));
  EXPECT_FALSE(split_items(set, -0.1, 1));
  EXPECT_FALSE(split_items(set, 0 / 0.0, 1));
}

TEST(Split, SaysTheBalance) {
  test::ColourDataset set(3, 2);
  EXPECT_EQ(class_balance(set, all_items(set)), "class0 2 (66.7 %), class1 1 (33.3 %)");
  EXPECT_EQ(class_balance(set, {}), "class0 0 (0.0 %), class1 0 (0.0 %)");
  test::ColourDataset many(12, 12);
  EXPECT_TRUE(class_balance(many, all_items(many)).ends_with(" and 2 more classes"));
}

}  // namespace burin::data
