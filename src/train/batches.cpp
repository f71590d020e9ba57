// A loader runs on from epoch to epoch; it is made anew only where a start is not where it stands.
#include "train/batches.h"

#include <fmt/format.h>

#include <set>

#include "base/check.h"

namespace burin::train {

namespace {

constexpr int64_t kLargestSide = 1 << 16;

class PictureBatches : public BatchSource {
 public:
  PictureBatches(const data::Dataset& dataset, std::vector<int64_t> items,
                 const data::LoaderOptions& options)
      : dataset_(dataset), items_(std::move(items)), options_(options) {}

  Result<void> open(int64_t epoch, int64_t step) {
    loader_.reset();  // its threads go before others come
    options_.first_epoch = epoch;
    options_.first_step = step;
    BURIN_ASSIGN(loader_, data::Loader::create(dataset_, items_, options_));
    next_ = epoch * batches() + step;
    return {};
  }

  TensorType data_type() const override {
    const data::PictureFormat& f = options_.batches.format;
    int64_t batch = options_.batches.batch;
    if (f.layout == data::Layout::nhwc) return {DType::f32, {batch, f.height, f.width, f.channels}};
    return {DType::f32, {batch, f.channels, f.height, f.width}};
  }
  TensorType labels_type() const override {
    const data::BatchOptions& o = options_.batches;
    if (o.mixup == 0) return {DType::i64, {o.batch}};
    return {DType::f32, {o.batch, static_cast<int64_t>(dataset_.classes().size())}};
  }
  int64_t batches() const override { return loader_->steps_per_epoch(); }

  Result<void> start(int64_t epoch, int64_t first_batch) override {
    int64_t wanted = epoch * batches() + first_batch;
    bool there = options_.batches.shuffle ? next_ == wanted : next_ % batches() == first_batch;
    if (!there) BURIN_TRY(open(epoch, first_batch));
    left_ = batches() - first_batch;
    return {};
  }

  Result<std::optional<Batch>> next() override {
    if (left_ == 0) return std::nullopt;
    BURIN_ASSIGN(data::Batch batch, loader_->next());
    --left_, ++next_;
    if (options_.batches.mixup == 0) return Batch{batch.images.data(), batch.labels.data()};
    return Batch{batch.images.data(), batch.soft_labels.data()};
  }

  Result<void> resize(int64_t side) override {
    BURIN_CHECK(side > 0 && side <= kLargestSide, "a picture of no possible size");
    data::PictureFormat& f = options_.batches.format;
    f.width = f.height = static_cast<int>(side);
    next_ = -1;
    return {};
  }

  std::map<int64_t, Diagnostic> take_unreadable() override {
    std::map<int64_t, Diagnostic> taken;
    for (const auto& [item, why] : loader_->unreadable()) {
      if (unreadable_.insert(item).second) taken.emplace(item, why);
    }
    return taken;
  }

 private:
  const data::Dataset& dataset_;
  std::vector<int64_t> items_;
  data::LoaderOptions options_;
  std::unique_ptr<data::Loader> loader_;
  std::set<int64_t> unreadable_;  // those that were told
  int64_t next_ = 0, left_ = 0;   // the loader's next batch; how many this epoch still has
};

}  // namespace

Result<void> BatchSource::resize(int64_t side) {
  return fail("", fmt::format("the samples cannot be made {} x {}", side, side));
}

Result<std::unique_ptr<BatchSource>> picture_batches(const data::Dataset& dataset,
                                                     std::vector<int64_t> items,
                                                     const data::LoaderOptions& options) {
  auto source = std::make_unique<PictureBatches>(dataset, std::move(items), options);
  BURIN_TRY(source->open(0, 0));
  return source;
}

Result<data::PictureFormat> picture_format(const Shape& sample, const data::Dataset& dataset) {
  data::PictureFormat format;
  format.layout = data::Layout::nchw;
  auto set = [&](int64_t channels, int64_t height, int64_t width) {
    format.channels = static_cast<int>(channels);
    format.height = static_cast<int>(height), format.width = static_cast<int>(width);
    return format;
  };
  auto fits = [&](int64_t channels, int64_t height, int64_t width) {
    return (channels == 1 || channels == 3) && height <= kLargestSide && width <= kLargestSide;
  };
  bool rank3 = sample.rank() == 3;
  if (rank3 && fits(sample[0], sample[1], sample[2])) return set(sample[0], sample[1], sample[2]);
  if (rank3 && fits(sample[2], sample[0], sample[1])) {
    format.layout = data::Layout::nhwc;
    return set(sample[2], sample[0], sample[1]);
  }
  int64_t elements = int64_t{dataset.channels()} * dataset.height() * dataset.width();
  if (elements > 0 && elements == sample.elements()) {
    return set(dataset.channels(), dataset.height(), dataset.width());
  }
  return fail("", "the network takes samples of " + sample.text() + ", which are no pictures");
}

}  // namespace burin::train
