#include "base/processor_wait.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <thread>

#include "base/clock.h"

namespace burin::test {
namespace {

// Two threads that may use one processor only take it in turns.
TEST(ProcessorWait, CountsWhatTheOtherThreadTakes) {
  if (!processor_wait_seconds()) GTEST_SKIP() << "the system does not count it";
  cpu_set_t usable, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof(usable), &usable), 0);
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  std::atomic<bool> over = false;
  std::jthread other([&] {
    while (!over) {
    }
  });
  auto start = Clock::now();
  double before = *processor_wait_seconds(), waited = 0;
  while (waited < 0.05 && seconds_since(start) < 20) waited = *processor_wait_seconds() - before;
  over = true;
  double passed = seconds_since(start);
  sched_setaffinity(0, sizeof(usable), &usable);
  EXPECT_GE(waited, 0.05);
  EXPECT_LE(waited, 2 * passed);
}

}  // namespace
}  // namespace burin::test
