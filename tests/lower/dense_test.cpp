// Every dense kernel on odd shapes, interpreted with bounds checks, against the evaluator.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/dense_case.h"
#include "tests/support/engrave_support.h"

namespace burin::test {
namespace {

std::vector<DenseCase> conv_cases() {
  return {
      conv_case("1x1", {1, 5, 7, 9}, {1, 1, 9, 33}, {1, 1}, {0, 0}, {0, 0}, {1, 1}),
      conv_case("1x1 stride", {2, 7, 9, 5}, {1, 1, 5, 17}, {2, 2}, {0, 0}, {0, 0}, {1, 1}),
      conv_case("1x1 padded", {1, 3, 4, 5}, {1, 1, 5, 16}, {1, 1}, {1, 2}, {1, 1}, {1, 1}),
      conv_case("3x3", {1, 7, 17, 6}, {3, 3, 6, 32}, {1, 1}, {1, 1}, {1, 1}, {1, 1}),
      conv_case("3x3 wide", {1, 3, 33, 3}, {3, 3, 3, 64}, {1, 1}, {1, 1}, {1, 1}, {1, 1}),
      conv_case("3x3 valid", {2, 6, 5, 3}, {3, 3, 3, 7}, {1, 1}, {0, 0}, {0, 0}, {1, 1}),
      conv_case("7x7 stride 2", {1, 17, 33, 3}, {7, 7, 3, 16}, {2, 2}, {3, 3}, {3, 3}, {1, 1}),
      conv_case("dilated", {1, 9, 17, 2}, {3, 3, 2, 17}, {1, 1}, {3, 4}, {3, 4}, {3, 4}),
      conv_case("cropped", {1, 9, 9, 3}, {3, 3, 3, 16}, {1, 2}, {-1, -2}, {-1, 1}, {1, 1}),
      conv_case("asymmetric", {1, 5, 8, 3}, {2, 4, 3, 3}, {1, 1}, {0, 1}, {1, 2}, {1, 1}),
      conv_case("window over all", {1, 3, 3, 2}, {5, 5, 2, 3}, {1, 1}, {2, 2}, {2, 2}, {1, 1}),
      conv_case("1d", {2, 19, 4}, {5, 4, 17}, {1}, {2}, {2}, {1}),
      conv_case("wide window", {2, 50, 3}, {35, 3, 18}, {1}, {17}, {20}, {1}),
      conv_case("wide window of rows", {2, 3, 40, 17}, {3, 33, 17, 5}, {1, 2}, {1, 16}, {1, 17},
                {1, 1}),
      conv_case("wide window cropped", {1, 60, 1}, {36, 1, 16}, {3}, {-4}, {30}, {1}),
      conv_case("1d causal", {1, 17, 3}, {3, 3, 16}, {1}, {4}, {0}, {2}),
      conv_case("3d", {1, 3, 5, 7, 2}, {3, 3, 3, 2, 16}, {1, 2, 1}, {1, 1, 1}, {1, 1, 1},
                {1, 1, 1}),
      conv_case("grouped", {1, 5, 7, 6}, {3, 3, 2, 48}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 3),
      conv_case("narrow groups", {1, 4, 5, 24}, {3, 3, 3, 32}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 8),
      conv_case("odd groups", {1, 4, 5, 15}, {1, 3, 3, 10}, {1, 1}, {0, 1}, {0, 1}, {1, 1}, 5),
      conv_case("depthwise", {2, 6, 7, 19}, {3, 3, 1, 19}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 19),
      conv_case("depthwise wide", {1, 3, 33, 40}, {5, 5, 1, 40}, {2, 2}, {2, 2}, {2, 2}, {1, 1},
                40),
      conv_case("multiplier", {1, 6, 7, 5}, {3, 3, 1, 15}, {2, 1}, {1, 1}, {1, 1}, {1, 1}, 5),
      conv_case("depthwise long", {1, 2, 800, 20}, {3, 3, 1, 20}, {1, 1}, {1, 1}, {1, 1}, {1, 1},
                20),
  };
}

// Gradients of depthwise weights: the window is all images.
std::vector<DenseCase> depthwise_gradient_cases() {
  return {
      conv_case("3x3", {1, 3, 7, 9, 19}, {3, 7, 9, 1, 19}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1},
                {1, 1, 1}, 19),
      conv_case("stride 2", {1, 18, 9, 7, 40}, {18, 5, 4, 1, 40}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1},
                {1, 2, 2}, 40),
      conv_case("no padding", {1, 1, 6, 8, 8}, {1, 4, 6, 1, 8}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0},
                {1, 1, 1}, 8),
      conv_case("dilated", {1, 2, 9, 8, 17}, {2, 9, 8, 1, 17}, {1, 2, 3}, {0, 2, 3}, {0, 2, 3},
                {1, 1, 1}, 17),
      conv_case("5x5", {1, 2, 7, 6, 33}, {2, 7, 6, 1, 33}, {1, 1, 1}, {0, 2, 2}, {0, 2, 2},
                {1, 1, 1}, 33),
      conv_case("few columns", {1, 2, 19, 2, 16}, {2, 19, 2, 1, 16}, {1, 1, 1}, {0, 2, 2},
                {0, 2, 2}, {1, 1, 1}, 16),
      conv_case("one axis", {1, 3, 31, 19}, {3, 31, 1, 19}, {1, 1}, {0, 2}, {0, 1}, {1, 1}, 19),
  };
}

TEST(DenseKernels, GradientsOfDepthwiseWeights) {
  for (DenseCase c : depthwise_gradient_cases()) {
    c.constant_weights = false;
    for (bool epilogue : {false, true}) {
      c.epilogue = epilogue, c.reversed_output = epilogue;
      for (int bits : {256, 512}) {
        DenseOutcome outcome = run_dense(c, machine_of(bits), "", interpret_tile());
        EXPECT_EQ(outcome.failure, "") << c.name << ", " << bits << " bits";
        EXPECT_TRUE(outcome.algorithm.starts_with("depthwise_gradient,"))
            << c.name << ": " << outcome.algorithm;
      }
      for (const isa::Target& target : isa::runnable_targets()) {
        EXPECT_EQ(run_dense(c, target.machine, "", engraved_tile(target)).failure, "")
            << c.name << " on " << target.name;
      }
    }
  }
}

// Vectors of half a line come in pairs where the lines would be lost before the other half.
TEST(DenseKernels, DepthwiseVectorsThatShareLines) {
  auto depthwise = [](int64_t rows, int64_t columns, int64_t channels) {
    return conv_case("depthwise", {1, rows, columns, channels}, {3, 3, 1, channels}, {1, 1}, {1, 1},
                     {1, 1}, {1, 1}, channels);
  };
  struct Row {
    DenseCase c;
    std::string_view vectors;
  };
  for (const Row& row :
       {Row{depthwise(9, 9, 128), " x 2 vectors"}, Row{depthwise(2, 800, 12), " x 2 vectors"},
        Row{depthwise(3, 3, 128), " x 1 vectors"}}) {
    DenseOutcome outcome = run_dense(row.c, machine_of(256), "", interpret_tile());
    EXPECT_EQ(outcome.failure, "");
    EXPECT_TRUE(outcome.algorithm.ends_with(row.vectors)) << outcome.algorithm;
    for (const isa::Target& target : isa::runnable_targets()) {
      EXPECT_EQ(run_dense(row.c, target.machine, "", engraved_tile(target)).failure, "")
          << row.vectors << " on " << target.name;
    }
  }
}

TEST(DenseKernels, OperandsThatAreMade) {
  std::vector<DenseCase> cases = depthwise_gradient_cases();
  for (DenseCase& c : cases) c.constant_weights = false;
  for (const DenseCase& c : conv_cases()) {
    if (c.name.starts_with("depthwise")) cases.push_back(c);
  }
  for (DenseCase c : cases) {
    c.made = true;
    for (std::string_view method : {"", "reference"}) {
      for (int bits : {256, 512}) {
        DenseOutcome outcome = run_dense(c, machine_of(bits), method, interpret_tile());
        EXPECT_EQ(outcome.failure, "") << c.name << ", " << bits << " bits";
        EXPECT_TRUE(!method.empty() || outcome.algorithm.starts_with("depthwise")) << c.name;
      }
      for (const isa::Target& target : isa::runnable_targets()) {
        EXPECT_EQ(run_dense(c, target.machine, method, engraved_tile(target)).failure, "")
            << c.name << " on " << target.name;
      }
    }
  }
}

// Runs tiles and notes whether one stores past the caches.
RunTile watch_streams(const RunTile& run, bool& streams) {
  return [&, run](const lower::DenseStage& stage, auto buffers, auto bytes, int64_t tile) {
    for (const loop::Inst& inst : stage.function.insts) streams |= inst.op == loop::Op::stream;
    return run(stage, buffers, bytes, tile);
  };
}

// Whole lines only; and none behind products, which hide what they write.
TEST(DenseKernels, ResultsPastTheCaches) {
  struct Row {
    DenseCase c;
    bool streams;  // by vectors as wide as a line
  };
  auto depthwise = [](int64_t channels) {
    return conv_case("depthwise", {2, 6, 7, channels}, {3, 3, 1, channels}, {1, 1}, {1, 1}, {1, 1},
                     {1, 1}, channels);
  };
  DenseCase conv = conv_case("conv", {1, 6, 7, 3}, {1, 1, 3, 32}, {1, 1}, {0, 0}, {0, 0}, {1, 1});
  for (Row row : {Row{depthwise(16), true}, Row{depthwise(48), true}, Row{depthwise(40), false},
                  Row{conv, false}}) {
    row.c.streamed = row.c.epilogue = true;
    for (const isa::Target& target : isa::runnable_targets()) {
      bool streams = false;
      RunTile run = watch_streams(engraved_tile(target), streams);
      EXPECT_EQ(run_dense(row.c, target.machine, "", run).failure, "") << target.name;
      EXPECT_EQ(streams, row.streams && target.machine.vector_bits == 512) << row.c.name;
    }
    bool streams = false;
    RunTile run = watch_streams(interpret_tile(), streams);
    EXPECT_EQ(run_dense(row.c, machine_of(512), "", run).failure, "");
    EXPECT_EQ(streams, row.streams) << row.c.name;
  }
}

std::vector<DenseCase> matmul_cases() {
  std::vector<DenseCase> cases;
  for (int64_t m : {1, 3, 7, 17, 33}) {
    for (int64_t n : {1, 3, 17, 33, 70}) {
      std::string name = "matmul " + std::to_string(m) + "x" + std::to_string(n);
      cases.push_back(matmul_case(name, {m, 13}, {13, n}));
    }
  }
  cases.push_back(matmul_case("k 1", {5, 1}, {1, 40}));
  cases.push_back(matmul_case("long k", {2, 301}, {301, 16}));
  cases.push_back(matmul_case("long rows", {7, 16}, {16, 4205}));
  cases.push_back(matmul_case("rows of rows", {2, 3, 5, 7}, {7, 17}));
  cases.push_back(matmul_case("batch", {2, 3, 5, 7}, {2, 3, 7, 17}));
  return cases;
}

std::vector<DenseCase> odd_dot_cases() {
  auto dot = [](std::string name, Dims x, Dims w, graph::DotAttr attr) {
    DenseCase c = matmul_case(std::move(name), std::move(x), std::move(w));
    c.attr = std::move(attr);
    return c;
  };
  return {
      dot("rhs transposed", {9, 20}, {18, 20}, {{}, {}, {1}, {1}}),
      dot("rhs transposed, squares and rests", {65, 23}, {37, 23}, {{}, {}, {1}, {1}}),
      dot("few rows", {2, 35}, {19, 35}, {{}, {}, {1}, {1}}),
      dot("few rows of heads", {2, 3, 1, 33}, {2, 3, 7, 33}, {{0, 1}, {0, 1}, {3}, {3}}),
      dot("one column", {19, 40}, {40, 1}, {{}, {}, {1}, {0}}),
      dot("lhs transposed", {20, 9}, {20, 18}, {{}, {}, {0}, {0}}),
      dot("attention", {2, 5, 3, 8}, {2, 6, 3, 8}, {{0, 2}, {0, 2}, {3}, {3}}),
      dot("two contracted", {4, 3, 5}, {5, 3, 18}, {{}, {}, {1, 2}, {1, 0}}),
      dot("split columns", {4, 3}, {5, 3, 16}, {{}, {}, {1}, {1}}),
      dot("outer product", {4}, {17}, {{}, {}, {}, {}}),
      dot("no columns", {4, 9}, {9}, {{}, {}, {1}, {0}}),
      dot("dot product", {19}, {19}, {{}, {}, {0}, {0}}),
  };
}

// Scores of attention and what they weigh, of heads enough: the heads' rows lie side by side.
std::vector<DenseCase> heads_cases() {
  std::vector<DenseCase> cases;
  auto add = [&](std::string name, Dims x, Dims w, graph::DotAttr attr) {
    DenseCase c = matmul_case(std::move(name), std::move(x), std::move(w));
    c.attr = std::move(attr);
    c.constant_weights = false;
    cases.push_back(std::move(c));
  };
  add("scores", {3, 67, 7, 9}, {3, 70, 7, 9}, {{0, 2}, {0, 2}, {3}, {3}});
  add("scores, one image", {1, 65, 17, 33}, {1, 33, 17, 33}, {{0, 2}, {0, 2}, {3}, {3}});
  add("weighted", {1, 16, 65, 17}, {1, 17, 16, 64}, {{0, 1}, {0, 2}, {3}, {1}});
  add("weighted, a rest", {2, 8, 66, 150}, {2, 150, 8, 40}, {{0, 1}, {0, 2}, {3}, {1}});
  return cases;
}

// Left sides whose steps of k lie far apart: [k, m] and [batch, k, m].
std::vector<DenseCase> tall_cases() {
  std::vector<DenseCase> cases;
  auto add = [&](Dims lhs, Dims rhs) {
    DenseCase c = matmul_case("tall", lhs, std::move(rhs));
    size_t m = lhs.size() - 1, k = m - 1;
    std::get<graph::DotAttr>(c.attr).lhs_contract = {static_cast<int64_t>(k)};
    c.constant_weights = false;
    cases.push_back(std::move(c));
  };
  for (int64_t m : {3, 7, 17, 33}) add({33000 / m + 1, m}, {33000 / m + 1, m < 8 ? 64 : 70});
  add({3, 1030, 32}, {3, 1030, 65});
  return cases;
}

// Gradients of products' weights, x^T dy.
std::vector<DenseCase> weight_cases() {
  std::vector<DenseCase> cases;
  auto add = [&](Dims x, Dims dy, std::vector<int64_t> contract) {
    DenseCase c = matmul_case("weights", std::move(x), std::move(dy));
    c.attr = graph::DotAttr{{}, {}, contract, contract};
    c.constant_weights = false;
    cases.push_back(std::move(c));
  };
  add({2048, 17}, {2048, 70}, {0});
  add({1053, 33}, {1053, 64}, {0});
  add({9, 128, 40}, {9, 128, 67}, {0, 1});
  return cases;
}

// Products of views whose register tiles fetch rows of the left side, or what epilogues read.
std::vector<DenseCase> batched_cases() {
  std::vector<DenseCase> cases = {
      matmul_case("batch", {3, 67, 64}, {3, 64, 70}),
      matmul_case("two batch axes", {2, 2, 33, 130}, {2, 2, 130, 17}),
      matmul_case("batch, k outside", {3, 64, 67}, {3, 64, 70}),
  };
  std::get<graph::DotAttr>(cases[2].attr).lhs_contract = {1};
  for (DenseCase& c : cases) c.constant_weights = false;
  return cases;
}

// Interpreted and as machine code, with and without an epilogue; returns what ran.
std::vector<std::string> run_products(DenseCase c, std::string_view method = "gemm") {
  std::vector<std::string> algorithms;
  for (bool epilogue : {false, true}) {
    c.epilogue = epilogue;
    for (int bits : {256, 512}) {
      DenseOutcome outcome = run_dense(c, machine_of(bits), method, interpret_tile());
      EXPECT_EQ(outcome.failure, "") << c.name << c.x.shape.text() << ", " << bits << " bits";
      algorithms.push_back(outcome.algorithm);
    }
    for (const isa::Target& target : isa::runnable_targets()) {
      EXPECT_EQ(run_dense(c, target.machine, method, engraved_tile(target)).failure, "")
          << c.name << c.x.shape.text() << " on " << target.name;
    }
  }
  return algorithms;
}

TEST(DenseKernels, LeftSidesThatArePacked) {
  for (const DenseCase& c : tall_cases()) {
    for (const std::string& algorithm : run_products(c)) {
      EXPECT_NE(algorithm.find("left side packed"), std::string::npos) << algorithm;
    }
  }
}

TEST(DenseKernels, RightSidesThatTilesPack) {
  for (const DenseCase& c : heads_cases()) {
    for (const std::string& algorithm : run_products(c)) {
      EXPECT_NE(algorithm.find("packed by each tile"), std::string::npos) << c.name << algorithm;
    }
  }
}

// Fewer heads than tiles that threads want.
TEST(DenseKernels, RightSidesOfFewHeadsAreSharedByTiles) {
  DenseCase c = heads_cases()[0];
  c.x.shape = Shape({1, 67, 7, 9}), c.w.shape = Shape({1, 70, 7, 9});
  for (const std::string& algorithm : run_products(c)) {
    EXPECT_NE(algorithm.find("packed at run time"), std::string::npos) << algorithm;
  }
}

TEST(DenseKernels, RightSidesThatAreTurned) {
  for (DenseCase c : odd_dot_cases()) {
    if (!c.name.starts_with("rhs transposed") && c.name != "attention") continue;
    c.constant_weights = false;
    for (const std::string& algorithm : run_products(c)) {
      EXPECT_NE(algorithm.find("packed at run time"), std::string::npos) << algorithm;
    }
  }
}

TEST(DenseKernels, GradientsOfProductsWeights) {
  for (const DenseCase& c : weight_cases()) {
    for (const std::string& algorithm : run_products(c, "")) {
      EXPECT_TRUE(algorithm.starts_with("weight_gradient,")) << algorithm;
    }
  }
}

TEST(DenseKernels, ProductsThatFetch) {
  for (const DenseCase& c : batched_cases()) {
    with_job(c, machine_of(256), [&](const lower::DenseJob& job) {
      lower::DenseKernels kernels = lower::make_dense(job);
      auto fetches = [](const loop::Inst& inst) { return inst.op == loop::Op::prefetch; };
      EXPECT_TRUE(std::ranges::any_of(kernels.stages.back().function.insts, fetches)) << c.name;
    });
    run_products(c);
  }
}

std::vector<DenseCase> window_cases() {
  using graph::ReduceKind;
  return {
      window_case("max pool", {1, 7, 9, 17}, ReduceKind::max, {1, 3, 3, 1}, {1, 2, 2, 1},
                  {0, 1, 1, 0}, {0, 1, 1, 0}),
      window_case("sum pool", {2, 6, 33, 40}, ReduceKind::sum, {1, 2, 2, 1}, {1, 2, 2, 1},
                  {0, 0, 0, 0}, {0, 0, 1, 0}),
      window_case("min pool 1d", {2, 15, 5}, ReduceKind::min, {1, 4, 1}, {1, 3, 1}, {0, 2, 0},
                  {0, 1, 0}),
      window_case("products of channels", {2, 3, 9}, ReduceKind::prod, {1, 1, 3}, {1, 1, 2},
                  {0, 0, 1}, {0, 0, 1}),
      window_case("prefix sums", {3, 7}, ReduceKind::sum, {1, 7}, {1, 1}, {0, 6}, {0, 0}),
      window_case("over batch", {5, 3, 4, 16}, ReduceKind::max, {2, 1, 3, 1}, {1, 1, 1, 1},
                  {0, 0, 0, 0}, {0, 0, 0, 0}),
  };
}

std::vector<DenseCase> all_cases() {
  std::vector<DenseCase> all;
  for (auto part : {conv_cases(), matmul_cases(), odd_dot_cases(), window_cases()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

void expect_right(const DenseCase& c, std::string_view method, const RunTile& run) {
  for (int bits : {256, 512}) {
    DenseOutcome outcome = run_dense(c, machine_of(bits), method, run);
    EXPECT_EQ(outcome.failure, "") << bits << " bits";
  }
}

TEST(DenseKernels, FirstMethodThatTakesIt) {
  for (DenseCase c : all_cases()) {
    expect_right(c, "", interpret_tile());
    c.epilogue = c.name != "dot product";
    expect_right(c, "", interpret_tile());
    c.constant_weights = false;
    expect_right(c, "", interpret_tile());
  }
}

TEST(DenseKernels, AsMachineCode) {
  for (const isa::Target& target : isa::runnable_targets()) {
    for (DenseCase c : all_cases()) {
      c.epilogue = c.name != "dot product";
      for (std::string_view method : {"", "reference"}) {
        DenseOutcome outcome = run_dense(c, target.machine, method, engraved_tile(target));
        EXPECT_EQ(outcome.failure, "") << target.name;
      }
    }
  }
}

TEST(DenseKernels, OutputsInAnotherLayout) {
  std::vector<DenseCase> cases = all_cases();
  cases.push_back(
      conv_case("large", {1, 28, 28, 32}, {3, 3, 32, 32}, {1, 1}, {1, 1}, {1, 1}, {1, 1}));
  for (DenseCase c : cases) {
    c.reversed_output = true;
    expect_right(c, "", interpret_tile());
    c.epilogue = c.name != "dot product";
    expect_right(c, "", interpret_tile());
  }
}

TEST(DenseKernels, FastOnesAreChosen) {
  auto expect = [](const DenseCase& c, const std::string& method) {
    std::string algorithm = run_dense(c, machine_of(512), "", interpret_tile()).algorithm;
    EXPECT_TRUE(algorithm.starts_with(method + ",")) << c.name << ": " << algorithm;
  };
  for (const DenseCase& c : conv_cases()) {
    expect(c, c.name.starts_with("depthwise") ? "depthwise" : "conv");
  }
  for (const DenseCase& c : matmul_cases()) {
    expect(c, c.w.shape[c.w.shape.rank() - 1] == 1 ? "dot" : "gemm");
  }
  expect(odd_dot_cases()[0], "gemm");
  DenseCase turned = conv_cases()[0];
  turned.reversed_output = true;
  expect(turned, "conv");
  expect(window_cases()[0], "pool");
}

TEST(DenseKernels, Reference) {
  for (const DenseCase& c : all_cases()) expect_right(c, "reference", interpret_tile());
}

TEST(DenseKernels, EveryType) {
  for (DType dtype : {DType::f64, DType::i32, DType::i64, DType::i8, DType::u8}) {
    DenseCase conv = conv_case("conv", {1, 5, 6, 2}, {3, 3, 2, 19}, {1, 1}, {1, 1}, {1, 1}, {1, 1});
    conv.x.dtype = conv.w.dtype = dtype;
    DenseCase each =
        conv_case("depthwise", {1, 5, 6, 19}, {3, 3, 1, 19}, {1, 2}, {1, 1}, {1, 1}, {1, 1}, 19);
    each.x.dtype = each.w.dtype = dtype;
    DenseCase dot = matmul_case("matmul", {3, 5}, {5, 18});
    dot.x.dtype = dot.w.dtype = dtype;
    DenseCase pool = window_cases()[0];
    pool.x.dtype = dtype;
    for (DenseCase c : {conv, each, dot, pool}) {
      expect_right(c, "", interpret_tile());
      c.constant_weights = false;
      expect_right(c, "", interpret_tile());
    }
    isa::Target host = isa::host_target().value();
    for (const DenseCase& c : {conv, each, dot, pool}) {
      EXPECT_EQ(run_dense(c, host.machine, "", engraved_tile(host)).failure, "");
    }
    DenseOutcome outcome = run_dense(conv, machine_of(512), "", interpret_tile());
    EXPECT_EQ(outcome.algorithm.starts_with("conv"), dtype == DType::i32) << outcome.algorithm;
  }
}

TEST(DenseKernels, TransposedConvolution) {
  struct Spread {
    Dims window, stride, low, x_dilation, w_dilation;
    int64_t groups;
  };
  const Spread spreads[] = {
      {{3, 3}, {1, 1}, {1, 2}, {2, 3}, {1, 1}, 1}, {{2, 2}, {1, 1}, {1, 1}, {2, 2}, {1, 1}, 1},
      {{4, 4}, {1, 1}, {2, 2}, {2, 2}, {1, 1}, 1}, {{1, 2}, {1, 1}, {0, 1}, {2, 3}, {1, 1}, 1},
      {{3, 3}, {2, 1}, {2, 2}, {2, 4}, {1, 1}, 1}, {{3, 2}, {1, 3}, {2, 3}, {3, 2}, {2, 3}, 1},
      {{3, 3}, {1, 1}, {2, 2}, {2, 2}, {1, 1}, 2}, {{3, 3}, {1, 1}, {-1, 0}, {2, 1}, {1, 1}, 1},
  };
  for (const Spread& s : spreads) {
    DenseCase c = conv_case("spread", {1, 4, 5, 4}, {s.window[0], s.window[1], 4 / s.groups, 18},
                            s.stride, s.low, s.low, s.w_dilation, s.groups);
    std::get<graph::ConvAttr>(c.attr).x_dilation = s.x_dilation;
    c.epilogue = true;
    expect_right(c, "conv", interpret_tile());
    expect_right(c, "reference", interpret_tile());
    c.constant_weights = s.groups > 1;
    expect_right(c, "conv", interpret_tile());
  }
}

}  // namespace
}  // namespace burin::test
