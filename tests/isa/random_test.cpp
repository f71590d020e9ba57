// Random loop functions: machine code and the interpreter give the same bytes, on every target that
// the host can run.
#include <gtest/gtest.h>

#include "loop/interp.h"
#include "loop/print.h"
#include "tests/support/engrave_support.h"
#include "tests/support/random_loop.h"

namespace burin::isa {

namespace {

std::vector<void*> pointers(std::vector<std::vector<uint8_t>>& buffers) {
  std::vector<void*> out;
  for (auto& buffer : buffers) out.push_back(buffer.data());
  return out;
}

void compare(const char* target_name, uint64_t seeds, int instructions) {
  Target target = target_named(target_name);
  if (!can_run(target)) GTEST_SKIP() << "the host lacks " << target_name;
  loop::RandomLoopOptions options;
  options.vector_bits = target.machine.vector_bits;
  options.instructions = instructions;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    loop::Function f = loop::random_loop(seed, options);
    auto expected = loop::random_loop_buffers(seed), actual = loop::random_loop_buffers(seed);
    auto ran = loop::interpret(f, pointers(expected), 0);
    ASSERT_TRUE(ran) << ran.error().text();
    Result<Code> code = engrave(f, target);
    ASSERT_TRUE(code) << "seed " << seed << ": " << code.error().text();
    run_code(*code, pointers(actual));
    std::string where;
    ASSERT_TRUE(loop::same_random_loop_output(f, expected[0], actual[0], &where))
        << "seed " << seed << ": " << where << "\n"
        << loop::print(f);
  }
}

}  // namespace

TEST(RandomLoop, MachineCodeAgreesWithInterpreterAvx512) { compare("avx512", 600, 40); }
TEST(RandomLoop, MachineCodeAgreesWithInterpreterAvx512Shared) {
  compare("avx512 shared", 600, 40);
}
TEST(RandomLoop, MachineCodeAgreesWithInterpreterAvx2) { compare("avx2", 600, 40); }

// One op at a time: a difference here is short to read.
TEST(RandomLoop, SmallFunctionsAgreeAvx512) { compare("avx512", 1500, 3); }
TEST(RandomLoop, SmallFunctionsAgreeAvx2) { compare("avx2", 1500, 3); }

}  // namespace burin::isa
