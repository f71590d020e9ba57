// Random functions verify, run within their buffers, and survive a trip through their text.
#include "tests/support/random_loop.h"

#include <gtest/gtest.h>

#include <set>

#include "loop/footprint.h"
#include "loop/interp.h"
#include "loop/parse.h"
#include "loop/print.h"
#include "loop/verify.h"

namespace burin::loop {

namespace {

std::vector<uint8_t> run(const Function& f, uint64_t seed) {
  auto buffers = random_loop_buffers(seed);
  std::vector<void*> pointers;
  std::vector<ByteRange> accessible;
  for (const Touched& touched : Footprint(f).of_tiles(0, 1)) {
    pointers.push_back(buffers[pointers.size()].data());
    accessible.push_back({std::max<int64_t>(touched.bytes.begin, 0),
                          std::min<int64_t>(touched.bytes.end, kRandomLoopBytes)});
  }
  auto result = interpret(f, pointers, 0, {.accessible = accessible, .max_steps = 1000000});
  EXPECT_TRUE(result) << result.error().text();
  return buffers[0];
}

}  // namespace

TEST(RandomLoop, VerifiesRunsAndSurvivesItsText) {
  std::set<Op> ops;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Function f = random_loop(seed, {.vector_bits = seed % 2 ? 512 : 256});
    auto verified = verify(f);
    ASSERT_TRUE(verified) << verified.error().text() << "\n" << print(f);
    for (const Inst& inst : f.insts) ops.insert(inst.op);
    std::string text = print(f);
    auto parsed = parse(text);
    ASSERT_TRUE(parsed) << parsed.error().text() << "\n" << text;
    EXPECT_EQ(print(*parsed), text);
    std::string where;
    EXPECT_TRUE(same_random_loop_output(f, run(f, seed), run(*parsed, seed), &where)) << where;
    if (HasFailure()) break;
  }
  size_t all = 0;
#define X(name, signature) ++all;
  BURIN_LOOP_OPS(X)
#undef X
  EXPECT_EQ(ops.size(), all);
}

}  // namespace burin::loop
