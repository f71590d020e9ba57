// What must not change a bit of the weights: the number of threads, and activations that are
// computed again to save memory.
#include <gtest/gtest.h>

#include "tests/train/networks.h"

namespace burin::train {
namespace {

using test::NoiseTraining;

int64_t memory_of(const StepProgram& program) {
  const runtime::Program& p = program.gradients().program();
  return p.arena_bytes + p.scratch_bytes + p.constant_bytes;
}

TEST(TrainingBits, OneThreadAndTwoAgreeAfterAHundredSteps) {
  for (const NoiseTraining& training : {NoiseTraining(test::small_catdog(), {3, 32, 32}),
                                        NoiseTraining(test::residual_network(3), {3, 16, 16})}) {
    auto one = training.compile(1), two = training.compile(2);
    ASSERT_TRUE(one && two);
    Variables after = training.run(**one, 100);
    test::expect_same_bits(after, training.run(**two, 100));
    EXPECT_NE(after.all()[0].value.to_doubles(),
              training.run(**one, 99).all()[0].value.to_doubles());
  }
}

TEST(TrainingBits, ComputingAgainSavesMemoryAndChangesNothing) {
  NoiseTraining training(test::residual_network(16), {3, 16, 16});
  auto whole = training.compile(1);
  ASSERT_TRUE(whole) << whole.error().text();
  EXPECT_EQ((*whole)->gradients().recomputation().nodes, 0);
  Variables expected = training.run(**whole, 5);
  int64_t before = memory_of(**whole);
  for (int percent : {90, 70, 50}) {
    auto tight = training.compile(2, before * percent / 100);
    ASSERT_TRUE(tight) << percent << " %: " << tight.error().text();
    EXPECT_LE(memory_of(**tight), before * percent / 100);
    EXPECT_GT((*tight)->gradients().recomputation().nodes, 0);
    test::expect_same_bits(expected, training.run(**tight, 5));
  }
}

// What the error names as the least is enough, and a byte less is not.
TEST(TrainingBits, TooLittleMemoryIsRefusedWithTheLeast) {
  NoiseTraining training(test::residual_network(16), {3, 16, 16});
  auto refused = training.compile(1, 1000);
  ASSERT_FALSE(refused);
  const std::string& hint = refused.error().hint;
  size_t digit = hint.find_first_of("0123456789");
  ASSERT_NE(digit, std::string::npos) << hint;
  int64_t least = std::stoll(hint.substr(digit));
  auto fits = training.compile(1, least);
  ASSERT_TRUE(fits) << fits.error().text();
  EXPECT_GT((*fits)->gradients().recomputation().share, 0);
  EXPECT_FALSE(training.compile(1, least - 1));
}

}  // namespace
}  // namespace burin::train
