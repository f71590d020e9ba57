// Moving a thread off a processor, and leaving its affinity as it was.
#include "runtime/placement.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <set>

namespace burin::runtime {

namespace {

cpu_set_t affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  return set;
}

// The processors where `turn` put the thread, over many tries: the scheduler may move it between.
std::set<int> reached(size_t turn) {
  std::set<int> cpus;
  for (int i = 0; i < 200; ++i) {
    int before = current_cpu();
    step_aside(before, turn);
    int after = current_cpu();
    if (after != before) cpus.insert(after);
  }
  return cpus;
}

TEST(Placement, MovesToAnotherProcessorAndLeavesTheAffinity) {
  cpu_set_t before = affinity();
  if (CPU_COUNT(&before) < 2) GTEST_SKIP() << "one processor only";
  for (size_t turn : {1, 2, 3, 100}) EXPECT_FALSE(reached(turn).empty()) << turn;
  cpu_set_t after = affinity();
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(Placement, StaysWhereThereIsNoOtherProcessor) {
  cpu_set_t before = affinity(), one;
  int cpu = current_cpu();
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  step_aside(cpu, 1);
  EXPECT_EQ(current_cpu(), cpu);
  cpu_set_t after = affinity();
  EXPECT_TRUE(CPU_EQUAL(&one, &after));
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

TEST(Placement, AnotherProcessorIsNoReasonToMove) {
  cpu_set_t before = affinity();
  step_aside(CPU_SETSIZE + 1, 1);
  step_aside(-1, 1);
  cpu_set_t after = affinity();
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

}  // namespace
}  // namespace burin::runtime
