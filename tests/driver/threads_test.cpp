// The same bits on one thread and on two, for methods whose threads share results between stages.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/rng.h"
#include "driver/compile.h"
#include "graph/builder.h"
#include "runtime/run_ahead.h"
#include "runtime/session.h"

namespace burin::driver {

namespace {

Tensor random_tensor(Dims dims, uint64_t seed) {
  Tensor t({DType::f32, Shape(std::move(dims))});
  Rng rng(seed);
  for (int64_t i = 0; i < t.elements(); ++i) t.set_double(i, rng.normal());
  return t;
}

// Two products with constants in a row: Strassen's sums of weights may take a share of all weights.
graph::Graph products(int64_t rows, int64_t size) {
  graph::Graph g;
  graph::Builder b(g);
  graph::NodeId x = b.input("x", {DType::f32, Shape{rows, size}});
  for (uint64_t seed : {1, 2}) {
    x = b.dot_general(x, b.constant(random_tensor({size, size}, seed)), {{}, {}, {1}, {0}});
  }
  b.output("y", x);
  return g;
}

// Convolutions and maps over images that a small cache does not hold.
graph::Graph images(int64_t count) {
  graph::Graph g;
  graph::Builder b(g);
  graph::NodeId x = b.input("x", {DType::f32, Shape{count, 12, 12, 8}});
  for (uint64_t seed : {1, 2, 3}) {
    graph::ConvAttr attr{.stride = {1, 1},
                         .low = {1, 1},
                         .high = {1, 1},
                         .x_dilation = {1, 1},
                         .w_dilation = {1, 1},
                         .groups = 1};
    x = b.convolution(x, b.constant(random_tensor({3, 3, 8, 8}, seed)), attr);
    x = b.tanh(x);
  }
  b.output("y", x);
  return g;
}

Tensor run(runtime::Session& session, const Tensor& x, const TensorType& type) {
  Tensor y(type);
  std::memset(y.mutable_data(), 0xff, static_cast<size_t>(type.bytes()));
  const void* in[] = {x.data()};
  void* out[] = {y.mutable_data()};
  session.run(in, out);
  return y;
}

}  // namespace

TEST(Threads, StrassenGivesTheSameBits) {
  for (int64_t rows : {197, 256}) {  // an odd number of rows has one beside the halves
    CompileOptions options;
    options.target = isa::host_target().value();
    auto compiled = compile(products(rows, 768), options);
    ASSERT_TRUE(compiled) << compiled.error().text();
    auto program = std::make_shared<runtime::Program>(std::move(compiled->program));
    auto strassen = [](const runtime::Step& step) {
      return step.algorithm.starts_with("strassen") && step.tiles > 1;
    };
    ASSERT_TRUE(std::ranges::any_of(program->steps, strassen)) << program->steps[0].reason;

    Tensor x = random_tensor({rows, 768}, 3);
    auto one = runtime::Session::create(program, 1), two = runtime::Session::create(program, 2);
    ASSERT_TRUE(one && two);
    const TensorType& type = program->outputs[0].type;
    Tensor wanted = run(**one, x, type);
    for (int turn = 0; turn < 5; ++turn) {
      Tensor got = run(**two, x, type);
      EXPECT_EQ(std::memcmp(got.data(), wanted.data(), static_cast<size_t>(type.bytes())), 0)
          << rows << " rows, turn " << turn;
    }
  }
}

// Bands of slices: the same bits as step by step, on any number of threads.
TEST(Threads, SlicesGiveTheSameBits) {
  CompileOptions options;
  options.target = isa::host_target().value();
  options.target.machine.l2_bytes = 16 << 10;
  for (int64_t count : {64, 67}) {
    auto compiled = compile(images(count), options);
    ASSERT_TRUE(compiled) << compiled.error().text();
    auto program = std::make_shared<runtime::Program>(std::move(compiled->program));
    ASSERT_GT(runtime::plan_stages(*program, 1).size(), program->steps.size());
    Tensor x = random_tensor({count, 12, 12, 8}, 3);
    const TensorType& type = program->outputs[0].type;
    for (int threads : {1, 2, 3}) {
      auto session = runtime::Session::create(program, threads);
      ASSERT_TRUE(session) << session.error().text();
      Tensor wanted(type);
      const void* in[] = {x.data()};
      void* out[] = {wanted.mutable_data()};
      (*session)->run_stepwise(in, out, [](size_t) {});
      for (int turn = 0; turn < 5; ++turn) {
        Tensor got = run(**session, x, type);
        EXPECT_EQ(std::memcmp(got.data(), wanted.data(), static_cast<size_t>(type.bytes())), 0)
            << count << " images, " << threads << " threads, turn " << turn;
      }
    }
  }
}

}  // namespace burin::driver
