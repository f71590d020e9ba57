// A small network with everything that training treats apart, and samples that it can learn.
#pragma once

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/rng.h"
#include "data/shuffle.h"
#include "onnx/write.h"
#include "train/batches.h"
#include "train/trainable.h"

namespace burin::test {

inline Tensor random_weights(Dims dims, double deviation, uint64_t seed) {
  Tensor t({DType::f32, Shape(std::move(dims))});
  Rng rng(seed);
  for (int64_t i = 0; i < t.elements(); ++i) t.set_double(i, deviation * rng.normal());
  return t;
}

inline Tensor filled(Dims dims, double value) {
  Tensor t({DType::f32, Shape(std::move(dims))});
  for (int64_t i = 0; i < t.elements(); ++i) t.set_double(i, value);
  return t;
}

// x[N, 1, 6, 6]: Conv to 4, BatchNormalization, Relu, Flatten, Dropout, Gemm to `classes`, Softmax.
inline onnx::Model tiny_model(int64_t classes = 3) {
  onnx::ModelWriter w("tiny");
  w.add_input("x", DType::f32, {{.symbol = "batch"}, {1}, {6}, {6}});
  w.add_output("y", DType::f32, {{.symbol = "batch"}, {classes}});
  w.add_initializer("kernel", random_weights({4, 1, 3, 3}, 0.4, 1));
  w.add_initializer("gain", filled({4}, 1));
  w.add_initializer("shift", filled({4}, 0));
  w.add_initializer("mean", filled({4}, 0));
  w.add_initializer("variance", filled({4}, 1));
  w.add_initializer("ratio", Tensor::scalar(DType::f32, 0.25));
  w.add_initializer("matrix", random_weights({classes, 64}, 0.1, 2));
  w.add_initializer("bias", filled({classes}, 0));
  w.node("Conv", {"x", "kernel"}, {"c"});
  w.node("BatchNormalization", {"c", "gain", "shift", "mean", "variance"}, {"n"});
  w.node("Relu", {"n"}, {"r"});
  w.node("Flatten", {"r"}, {"f"});
  w.node("Dropout", {"f", "ratio"}, {"d"});
  w.node("Gemm", {"d", "matrix", "bias"}, {"scores"}, {{"transB", int64_t{1}}});
  w.node("Softmax", {"scores"}, {"y"});
  auto bytes = std::make_shared<const std::string>(*w.bytes());
  return *onnx::parse_model(std::as_bytes(std::span(*bytes)), bytes);
}

inline train::Trainable tiny_network(int64_t classes = 3) {
  return *train::make_trainable(tiny_model(classes), "tiny");
}

inline constexpr int64_t kTinyBatch = 8;

struct Samples {
  Tensor data;                       // f32[N, 1, 6, 6]
  Tensor labels;                     // i64[N]
  std::vector<std::string> classes;  // their names
};

// Noise with two bright rows; the class says which ones.
inline Samples tiny_samples(int64_t count, uint64_t seed) {
  Samples s{Tensor({DType::f32, {count, 1, 6, 6}}),
            Tensor({DType::i64, {count}}),
            {"top", "middle", "bottom"}};
  Rng rng(seed);
  for (int64_t i = 0; i < count; ++i) {
    int64_t label = rng.below(3);
    s.labels.set_int(i, label);
    for (int64_t k = 0; k < 36; ++k) {
      s.data.set_double(i * 36 + k, (k / 12 == label ? 0.7 : 0) + 0.3 * rng.normal());
    }
  }
  return s;
}

// Samples that stay in memory. Shuffled for training; else each comes once, and rows that are left
// over have the label -1.
class MemoryBatches : public train::BatchSource {
 public:
  MemoryBatches(const Samples& samples, int64_t batch, bool shuffled, uint64_t seed)
      : samples_(samples), shuffled_(shuffled), seed_(seed) {
    data_ = Tensor({DType::f32, {batch, 1, 6, 6}});
    labels_ = Tensor({DType::i64, {batch}});
  }

  TensorType data_type() const override { return data_.type(); }
  TensorType labels_type() const override { return labels_.type(); }
  int64_t batches() const override {
    return shuffled_ ? size() / batch() : (size() + batch() - 1) / batch();
  }

  Result<void> start(int64_t epoch, int64_t first_batch) override {
    order_.resize(static_cast<size_t>(size()));
    std::iota(order_.begin(), order_.end(), 0);
    Rng rng(Rng(seed_).next() ^ static_cast<uint64_t>(epoch));
    if (shuffled_) data::shuffle(order_, rng);
    at_ = first_batch * batch();
    return {};
  }

  Result<std::optional<train::Batch>> next() override {
    if (at_ >= batches() * batch()) return std::nullopt;
    for (int64_t i = 0; i < batch(); ++i, ++at_) {
      labels_.set_int(i, -1);
      if (at_ >= size()) continue;
      int64_t item = order_[static_cast<size_t>(at_)];
      for (int64_t k = 0; k < 36; ++k) {
        data_.set_double(i * 36 + k, samples_.data.as_double(item * 36 + k));
      }
      labels_.set_int(i, samples_.labels.as_int(item));
    }
    return train::Batch{data_.data(), labels_.data()};
  }

 private:
  int64_t size() const { return samples_.labels.elements(); }
  int64_t batch() const { return labels_.elements(); }

  const Samples samples_;  // shares the tensors' memory
  bool shuffled_;
  uint64_t seed_;
  int64_t at_ = 0;
  std::vector<int64_t> order_;
  Tensor data_, labels_;
};

}  // namespace burin::test
