// Samples are copied into one batch's memory in the epoch's order.
#include "train/batches.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "base/rng.h"
#include "data/idx.h"

namespace burin::train {

namespace {

class MemoryBatches : public BatchSource {
 public:
  MemoryBatches(const Samples& samples, const Shape& sample, int64_t batch, Order order,
                uint64_t seed)
      : samples_(samples),
        order_(order),
        seed_(seed),
        size_(samples.labels.elements()),
        sample_(sample.elements()),
        indices_(static_cast<size_t>(size_)) {
    Dims dims = {batch};
    dims.insert(dims.end(), sample.dims().begin(), sample.dims().end());
    data_ = Tensor({DType::f32, Shape(std::move(dims))});
    labels_ = Tensor({DType::i64, {batch}});
  }

  TensorType data_type() const override { return data_.type(); }
  TensorType labels_type() const override { return labels_.type(); }
  int64_t batches() const override {
    return order_ == Order::shuffled ? size_ / batch() : (size_ + batch() - 1) / batch();
  }

  void start(int64_t epoch, int64_t first_batch) override {
    std::iota(indices_.begin(), indices_.end(), 0);
    at_ = first_batch * batch();
    if (order_ == Order::as_stored) return;
    Rng rng(Rng(seed_).next() ^ static_cast<uint64_t>(epoch));
    for (int64_t n = size_; n > 1; --n) {
      std::swap(indices_[static_cast<size_t>(n - 1)], indices_[static_cast<size_t>(rng.below(n))]);
    }
  }

  Result<std::optional<Batch>> next() override {
    int64_t count = std::min(batch(), size_ - at_);
    if (count <= 0 || (order_ == Order::shuffled && count < batch())) return std::nullopt;
    for (int64_t i = 0; i < batch(); ++i) {
      copy_sample(indices_[static_cast<size_t>(at_ + std::min(i, count - 1))], i);
    }
    at_ += count;
    return Batch{data_.data(), labels_.data(), count};
  }

 private:
  int64_t batch() const { return labels_.elements(); }

  void copy_sample(int64_t from, int64_t to) {
    auto* out = reinterpret_cast<float*>(data_.mutable_data()) + to * sample_;
    const std::byte* in = samples_.data.data() + from * sample_ * size_of(samples_.data.dtype());
    if (samples_.data.dtype() == DType::f32) {
      std::memcpy(out, in, static_cast<size_t>(sample_) * sizeof(float));
    } else {
      for (int64_t i = 0; i < sample_; ++i) out[i] = static_cast<float>(in[i]) / 255.0f;
    }
    labels_.set_int(to, samples_.labels.as_int(from));
  }

  const Samples samples_;  // shares the tensors' memory
  Order order_;
  uint64_t seed_;
  int64_t size_, sample_, at_ = 0;
  std::vector<int64_t> indices_;
  Tensor data_, labels_;
};

// The path with or without .gz; empty if there is neither.
std::string find_file(const std::filesystem::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const std::string& candidate : {name, name + ".gz"}) {
    if (std::filesystem::exists(folder / candidate, ignored)) return (folder / candidate).string();
  }
  return {};
}

Result<Samples> load_idx_pair(const std::string& folder, const std::string& prefix) {
  constexpr int64_t kAll = int64_t{1} << 40;
  std::string images = find_file(folder, prefix + "-images-idx3-ubyte");
  std::string labels = find_file(folder, prefix + "-labels-idx1-ubyte");
  if (images.empty() || labels.empty()) {
    return fail(folder,
                "has no " + prefix + "-images-idx3-ubyte and " + prefix + "-labels-idx1-ubyte");
  }
  Samples samples;
  BURIN_ASSIGN(samples.data, data::read_idx(images, kAll));
  BURIN_ASSIGN(Tensor bytes, data::read_idx(labels, kAll));
  if (samples.data.shape().rank() < 2 || bytes.shape() != Shape{samples.data.shape()[0]}) {
    return fail(labels, "does not have a label for each image");
  }
  std::vector<int64_t> values = bytes.to_ints();
  int64_t classes = values.empty() ? 0 : *std::ranges::max_element(values) + 1;
  for (int64_t c = 0; c < classes; ++c) samples.classes.push_back(std::to_string(c));
  samples.labels = Tensor::from_ints({DType::i64, bytes.shape()}, values);
  return samples;
}

}  // namespace

Result<std::unique_ptr<BatchSource>> batches_of(const Samples& samples, const Shape& sample,
                                                int64_t batch, Order order, uint64_t seed) {
  int64_t count = samples.labels.elements();
  if (count == 0 || samples.data.elements() != count * sample.elements()) {
    return fail("", "samples are " + samples.data.type().text() + " where the network takes " +
                        sample.text());
  }
  if (order == Order::shuffled && batch > count) {
    return fail("--batch", "is larger than the " + std::to_string(count) + " samples");
  }
  return std::make_unique<MemoryBatches>(samples, sample, batch, order, seed);
}

Result<SampleSets> load_idx_folder(const std::string& folder) {
  SampleSets sets;
  BURIN_ASSIGN(sets.train, load_idx_pair(folder, "train"));
  BURIN_ASSIGN(sets.validation, load_idx_pair(folder, "t10k"));
  return sets;
}

}  // namespace burin::train
