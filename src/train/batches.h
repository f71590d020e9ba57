// Where a trainer's batches come from: an interface, and a data set's pictures behind it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "data/loader.h"
#include "tensor/tensor.h"

namespace burin::train {

// Of data_type() and labels_type(), until the next batch is asked for. A row whose label is -1 does
// not count.
struct Batch {
  const void* data = nullptr;
  const void* labels = nullptr;
};

class BatchSource {
 public:
  virtual ~BatchSource() = default;

  virtual TensorType data_type() const = 0;  // of a batch
  virtual TensorType labels_type() const = 0;
  virtual int64_t batches() const = 0;  // of an epoch
  // Begins an epoch at one of its batches. What an epoch's batches hold depends on its number and
  // on nothing that was asked for before.
  virtual Result<void> start(int64_t epoch, int64_t first_batch) = 0;
  // nullopt at the end of the epoch.
  virtual Result<std::optional<Batch>> next() = 0;
  // Samples are square pictures of this side from the next start() on. Fails where they cannot be.
  virtual Result<void> resize(int64_t side);
  // Samples that could not be read and were left out since this was last asked; each once, however
  // often it comes.
  virtual std::map<int64_t, Diagnostic> take_unreadable() { return {}; }
};

// Items of a data set, which must outlive the source; where to begin is start()'s to say. Labels
// are classes i64[N], with mixup shares of the classes f32[N, C].
Result<std::unique_ptr<BatchSource>> picture_batches(const data::Dataset& dataset,
                                                     std::vector<int64_t> items,
                                                     const data::LoaderOptions& options);

// What a network that takes samples of this shape wants of a picture: [C, H, W] or [H, W, C] with 1
// or 3 channels; or any shape with as many elements as the data set's pictures have, if all are of
// one size.
Result<data::PictureFormat> picture_format(const Shape& sample, const data::Dataset& dataset);

}  // namespace burin::train
