// Networks for tests of whole steps, and steps on one batch of noise.
#pragma once

#include <gtest/gtest.h>

#include <cstring>

#include "tests/train/tiny_network.h"
#include "train/step_program.h"

namespace burin::test {

inline train::Trainable trainable_of(onnx::ModelWriter& writer, const std::string& name) {
  auto bytes = std::make_shared<const std::string>(*writer.bytes());
  auto model = onnx::parse_model(std::as_bytes(std::span(*bytes)), bytes);
  return *train::make_trainable(*model, name);
}

// x[N, 3, 32, 32]: Conv to 16, 32 with Relu and MaxPool, two dense layers, Sigmoid.
inline train::Trainable small_catdog() {
  onnx::ModelWriter w("small_catdog");
  w.add_input("x", DType::f32, {{.symbol = "batch"}, {3}, {32}, {32}});
  w.add_output("y", DType::f32, {{.symbol = "batch"}, {1}});
  onnx::Attributes conv = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}};
  onnx::Attributes pool = {{"kernel_shape", std::vector<int64_t>{2, 2}},
                           {"strides", std::vector<int64_t>{2, 2}}};
  std::string at = "x";
  int64_t channels = 3;
  for (int64_t wide : {16, 32}) {
    std::string n = std::to_string(wide);
    w.add_initializer("kernel" + n, random_weights({wide, channels, 3, 3}, 0.2, wide));
    w.add_initializer("bias" + n, filled({wide}, 0));
    w.node("Conv", {at, "kernel" + n, "bias" + n}, {"c" + n}, conv);
    w.node("Relu", {"c" + n}, {"r" + n});
    w.node("MaxPool", {"r" + n}, {"p" + n}, pool);
    at = "p" + n, channels = wide;
  }
  w.add_initializer("dense1", random_weights({2048, 32}, 0.03, 3));
  w.add_initializer("dense2", random_weights({32, 1}, 0.2, 4));
  w.node("Flatten", {at}, {"f"});
  w.node("MatMul", {"f", "dense1"}, {"d"});
  w.node("Relu", {"d"}, {"e"});
  w.node("MatMul", {"e", "dense2"}, {"scores"});
  w.node("Sigmoid", {"scores"}, {"y"});
  return trainable_of(w, "small_catdog");
}

// x[N, 3, 16, 16]: `blocks` times Conv, BatchNormalization, Relu and a sum with what went in;
// pooled, Dropout, Gemm to 3.
inline train::Trainable residual_network(int blocks) {
  onnx::ModelWriter w("residual");
  w.add_input("x", DType::f32, {{.symbol = "batch"}, {3}, {16}, {16}});
  w.add_output("scores", DType::f32, {{.symbol = "batch"}, {3}});
  onnx::Attributes pad = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}};
  w.add_initializer("stem", random_weights({8, 3, 3, 3}, 0.2, 1));
  w.node("Conv", {"x", "stem"}, {"s0"}, pad);
  for (int i = 0; i < blocks; ++i) {
    std::string n = std::to_string(i), next = "s" + std::to_string(i + 1);
    w.add_initializer("kernel" + n,
                      random_weights({8, 8, 3, 3}, 0.15, 2 + static_cast<uint64_t>(i)));
    w.add_initializer("gain" + n, filled({8}, 1));
    w.add_initializer("shift" + n, filled({8}, 0));
    w.add_initializer("mean" + n, filled({8}, 0));
    w.add_initializer("variance" + n, filled({8}, 1));
    w.node("Conv", {"s" + n, "kernel" + n}, {"c" + n}, pad);
    w.node("BatchNormalization", {"c" + n, "gain" + n, "shift" + n, "mean" + n, "variance" + n},
           {"b" + n});
    w.node("Relu", {"b" + n}, {"r" + n});
    w.node("Add", {"s" + n, "r" + n}, {next});
  }
  w.add_initializer("ratio", Tensor::scalar(DType::f32, 0.25));
  w.add_initializer("matrix", random_weights({3, 8}, 0.3, 99));
  w.add_initializer("bias", filled({3}, 0));
  w.node("GlobalAveragePool", {"s" + std::to_string(blocks)}, {"g"});
  w.node("Flatten", {"g"}, {"f"});
  w.node("Dropout", {"f", "ratio"}, {"d"});
  w.node("Gemm", {"d", "matrix", "bias"}, {"scores"}, {{"transB", int64_t{1}}});
  return trainable_of(w, "residual");
}

// Steps of Adam on one batch of noise.
class NoiseTraining {
 public:
  static constexpr int64_t kBatch = 8;

  explicit NoiseTraining(train::Trainable network, Shape sample) : network_(std::move(network)) {
    Dims dims = sample.dims();
    dims.insert(dims.begin(), kBatch);
    data_ = random_weights(dims, 1, 5);
    labels_ = Tensor({DType::i64, {kBatch}});
    for (int64_t i = 0; i < kBatch; ++i) labels_.set_int(i, i % 2);
    options_.batch = kBatch;
    options_.labels = labels_.type();
    options_.optimiser = "adam";
    options_.optimiser_options = train::find_optimiser("adam")->defaults;
    if (network_.head == train::Head::sigmoid) options_.loss = "bce_with_logits";
  }

  Result<std::unique_ptr<train::StepProgram>> compile(int threads, int64_t max_memory = 0) const {
    train::ProgramOptions options;
    options.compile.target = *isa::target_from_name("native");
    options.compile.verify = true;
    options.compile.max_memory = max_memory;
    options.threads = threads;
    return train::StepProgram::create(graph(), network_, options);
  }

  // The variables after so many steps.
  train::Variables run(train::StepProgram& program, int steps) const {
    train::Variables variables(graph().variables);
    for (int i = 0; i < steps; ++i) {
      program.compute(variables, {data_.data(), labels_.data()},
                      train::scalars_of_step(options_.optimiser_options, 1e-3, i + 1),
                      static_cast<uint32_t>(i));
      EXPECT_TRUE(program.finish(variables));
    }
    return variables;
  }

 private:
  train::StepGraph graph() const { return *train::build_step_graph(network_, options_); }

  train::Trainable network_;
  train::StepOptions options_;
  Tensor data_, labels_;
};

inline void expect_same_bits(const train::Variables& a, const train::Variables& b) {
  ASSERT_EQ(a.all().size(), b.all().size());
  for (size_t i = 0; i < a.all().size(); ++i) {
    const Tensor &x = a.all()[i].value, &y = b.all()[i].value;
    EXPECT_EQ(std::memcmp(x.data(), y.data(), x.bytes().size()), 0) << a.all()[i].name;
  }
}

}  // namespace burin::test
