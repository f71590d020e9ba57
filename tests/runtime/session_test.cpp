// The executor with hand-assembled kernels: places, tiles, floating-point state.
#include "runtime/session.h"

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "runtime/cpu_count.h"
#include "tensor/tensor.h"

namespace burin::runtime {

namespace {

// out[tile] = in[tile] + constant[0], floats:
//   mov rax,[rdi]; mov rcx,[rdi+8]; mov rdx,[rdi+16]
//   movss xmm0,[rax+rsi*4]; addss xmm0,[rcx]; movss [rdx+rsi*4],xmm0; ret
const std::vector<uint8_t> kAddKernel = {0x48, 0x8b, 0x07, 0x48, 0x8b, 0x4f, 0x08, 0x48, 0x8b,
                                         0x57, 0x10, 0xf3, 0x0f, 0x10, 0x04, 0xb0, 0xf3, 0x0f,
                                         0x58, 0x01, 0xf3, 0x0f, 0x11, 0x04, 0xb2, 0xc3};

std::shared_ptr<Program> add_program(int64_t n) {
  auto program = std::make_shared<Program>();
  program->code = kAddKernel;
  program->kernels = {{0, static_cast<int64_t>(kAddKernel.size())}};
  program->constants = allocate_bytes(64);
  program->constant_bytes = 64;
  float one = 1;
  std::memcpy(program->constants.get(), &one, 4);
  program->arena_bytes = n * 4;
  TensorType type{DType::f32, Shape{n}};
  program->inputs = {{"x", type}};
  program->outputs = {{"y", type}};
  Place in{Place::Kind::input, 0, 0}, out{Place::Kind::output, 0, 0};
  Place constant{Place::Kind::constant, 0, 0}, arena{Place::Kind::arena, 0, 0};
  program->steps.push_back({0, n, {in, constant, arena}, {}, "first", "", 0, 1e6});
  program->steps.push_back({0, n, {arena, constant, out}, {}, "second", "", 0, 1e6});
  return program;
}

}  // namespace

class SessionThreads : public testing::TestWithParam<int> {};

TEST_P(SessionThreads, RunsEveryTileOfEveryStep) {
  constexpr int64_t kN = 1000;
  auto session = Session::create(add_program(kN), GetParam());
  ASSERT_TRUE(session);
  std::vector<float> x(kN), y(kN);
  for (int64_t i = 0; i < kN; ++i) x[static_cast<size_t>(i)] = static_cast<float>(i);
  const void* inputs[] = {x.data()};
  void* outputs[] = {y.data()};
  (*session)->run(inputs, outputs);
  for (int64_t i = 0; i < kN; ++i) {
    ASSERT_EQ(y[static_cast<size_t>(i)], static_cast<float>(i + 2)) << i;
  }
  std::vector<double> seconds(2, 0.0);
  (*session)->run_timed(inputs, outputs, seconds);
  EXPECT_GT(seconds[0], 0);
  EXPECT_GT(seconds[1], 0);
}

TEST_P(SessionThreads, TracesEveryTileOnce) {
  constexpr int64_t kN = 100;
  auto session = Session::create(add_program(kN), GetParam());
  ASSERT_TRUE(session);
  std::vector<float> x(kN), y(kN);
  const void* inputs[] = {x.data()};
  void* outputs[] = {y.data()};
  auto spans = (*session)->run_traced(inputs, outputs);
  EXPECT_EQ(y[kN - 1], 2);
  ASSERT_EQ(spans.size(), 2u * kN);
  std::vector<int> seen(2 * kN, 0);
  std::vector<double> last(static_cast<size_t>(GetParam()), 0.0);
  for (const Session::TileSpan& span : spans) {
    ++seen[span.step * kN + static_cast<size_t>(span.tile)];
    ASSERT_LT(span.worker, last.size());
    EXPECT_LE(last[span.worker], span.begin);
    EXPECT_LE(span.begin, span.end);
    last[span.worker] = span.end;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 2 * kN);
}
INSTANTIATE_TEST_SUITE_P(OneAndTwo, SessionThreads, testing::Values(1, 2));

// Where little can be shared, other threads would only be waited for.
TEST(Session, TakesOneThreadWhereMoreDoNotPay) {
  auto program = add_program(8);
  EXPECT_EQ((*Session::create(program, 2))->threads(), 2);
  for (Step& step : program->steps) step.bytes = 32;
  EXPECT_EQ((*Session::create(program, 2))->threads(), 1);
  for (Step& step : program->steps) step.performed = 1e6;
  EXPECT_EQ((*Session::create(program, 2))->threads(), 2);
  for (Step& step : program->steps) step.tiles = 1;
  EXPECT_EQ((*Session::create(program, 2))->threads(), 1);
}

TEST(Session, RunsChainsOfSingleTilesSideBySide) {
  auto program = add_program(1);
  program->outputs.push_back({"z", program->outputs[0].type});
  Touch read, written;
  read.parts[0] = written.parts[0] = {0, 4};
  written.writes = true;
  for (uint32_t i : {0, 1}) {
    Step& step = program->steps[i];
    step.performed = 1e7;
    step.buffers[0] = {Place::Kind::input, 0, 0};
    step.buffers[2] = {Place::Kind::output, i, 0};
    step.touches = {read, read, written};
  }
  auto session = Session::create(program, 2);
  ASSERT_TRUE(session);
  EXPECT_EQ((*session)->threads(), 2);
  for (int run = 0; run < 1000; ++run) {
    float x = static_cast<float>(run), y = 0, z = 0;
    const void* inputs[] = {&x};
    void* outputs[] = {&y, &z};
    (*session)->run(inputs, outputs);
    ASSERT_EQ(y, x + 1);
    ASSERT_EQ(z, x + 1);
  }
  // One that reads what the other one wrote must wait for it: nothing is gained.
  program->steps[1].buffers[0] = {Place::Kind::output, 0, 0};
  EXPECT_EQ((*Session::create(program, 2))->threads(), 1);
}

TEST(Session, RestoresTheCallersFloatState) {
  auto session = Session::create(add_program(3), 1);
  ASSERT_TRUE(session);
  uint32_t before = _mm_getcsr();
  _mm_setcsr(0x3f80);  // round down
  float x[3] = {1, 2, 3}, y[3];
  const void* inputs[] = {x};
  void* outputs[] = {y};
  (*session)->run(inputs, outputs);
  EXPECT_EQ(_mm_getcsr() & 0xffc0u, 0x3f80u);
  _mm_setcsr(before);
}

TEST(Session, FlushesDenormalsInsideOnly) {
  auto session = Session::create(add_program(1), 1);
  ASSERT_TRUE(session);
  {
    FloatStateGuard guard;
    volatile float tiny = 1e-40f;
    EXPECT_EQ(tiny * 1.0f, 0.0f);
  }
  volatile float tiny = 1e-40f;
  EXPECT_NE(tiny * 1.0f, 0.0f);
}

TEST(Session, ScratchMemoryIsAPlace) {
  auto program = add_program(1);
  program->arena_bytes = 0;
  program->scratch_bytes = 68;
  Place scratch{Place::Kind::scratch, 0, 64};
  program->steps[0].buffers[2] = scratch;
  program->steps[1].buffers[0] = scratch;
  auto session = Session::create(program, 2);  // a single tile runs on the calling thread
  ASSERT_TRUE(session);
  float x = 5, y = 0;
  const void* inputs[] = {&x};
  void* outputs[] = {&y};
  (*session)->run(inputs, outputs);
  EXPECT_EQ(y, 7);
  program->steps[0].buffers[2].offset = 69;
  EXPECT_FALSE(Session::create(program, 1));
}

TEST(Session, RefusesPlacesOutsideTheirMemory) {
  auto program = add_program(4);
  program->steps[0].buffers[2].offset = 1 << 20;
  EXPECT_FALSE(Session::create(program, 1));
  program = add_program(4);
  program->steps[1].kernel = 7;
  EXPECT_FALSE(Session::create(program, 1));
}

TEST(CpuCount, ReadsCgroupQuotas) {
  EXPECT_EQ(cgroup_quota("max 100000"), 0);
  EXPECT_EQ(cgroup_quota("150000 100000"), 2);
  EXPECT_EQ(cgroup_quota("100000 100000"), 1);
  EXPECT_EQ(cgroup_quota(""), 0);
  EXPECT_GE(usable_cpus(), 1);
  EXPECT_LE(usable_cpus(), static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace burin::runtime
