// A source around a source.
#include "train/relabel.h"

namespace burin::train {

namespace {

class RelabelledBatches : public BatchSource {
 public:
  RelabelledBatches(std::unique_ptr<BatchSource> source, std::vector<int64_t> class_of)
      : source_(std::move(source)),
        class_of_(std::move(class_of)),
        labels_(static_cast<size_t>(source_->labels_type().shape.elements())) {}

  TensorType data_type() const override { return source_->data_type(); }
  TensorType labels_type() const override { return source_->labels_type(); }
  int64_t batches() const override { return source_->batches(); }
  Result<void> start(int64_t epoch, int64_t first_batch) override {
    return source_->start(epoch, first_batch);
  }

  Result<std::optional<Batch>> next() override {
    BURIN_ASSIGN(std::optional<Batch> batch, source_->next());
    if (!batch) return std::nullopt;
    auto* labels = static_cast<const int64_t*>(batch->labels);
    for (size_t i = 0; i < labels_.size(); ++i) {
      bool known = labels[i] >= 0 && labels[i] < static_cast<int64_t>(class_of_.size());
      labels_[i] = known ? class_of_[static_cast<size_t>(labels[i])] : labels[i];
    }
    return Batch{batch->data, labels_.data()};
  }

 private:
  std::unique_ptr<BatchSource> source_;
  std::vector<int64_t> class_of_, labels_;
};

}  // namespace

std::unique_ptr<BatchSource> relabel(std::unique_ptr<BatchSource> source,
                                     std::vector<int64_t> class_of) {
  return std::make_unique<RelabelledBatches>(std::move(source), std::move(class_of));
}

}  // namespace burin::train
