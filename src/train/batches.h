// Where a trainer's batches come from: an interface, and samples in memory behind it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "tensor/tensor.h"

namespace burin::train {

struct Batch {
  const void* data = nullptr;    // of data_type(), until the next batch is asked for
  const void* labels = nullptr;  // of labels_type()
  int64_t samples = 0;           // the first so many count, the others fill up the batch
};

class BatchSource {
 public:
  virtual ~BatchSource() = default;

  virtual TensorType data_type() const = 0;  // of a batch
  virtual TensorType labels_type() const = 0;
  virtual int64_t batches() const = 0;  // of an epoch
  // Begins an epoch at one of its batches. What an epoch's batches hold depends on its number and
  // on nothing that was asked for before.
  virtual void start(int64_t epoch, int64_t first_batch) = 0;
  // nullopt at the end of the epoch.
  virtual Result<std::optional<Batch>> next() = 0;
};

struct Samples {
  Tensor data;                       // u8 or f32 [N, ...]; u8 is fed as 0 to 1
  Tensor labels;                     // i64[N]
  std::vector<std::string> classes;  // their names
};

enum class Order {
  shuffled,   // drawn anew for each epoch; samples that do not fill a batch wait for the next one
  as_stored,  // every sample once
};

// `sample` is the shape that the network takes one in; it has as many elements as the data's.
Result<std::unique_ptr<BatchSource>> batches_of(const Samples& samples, const Shape& sample,
                                                int64_t batch, Order order, uint64_t seed);

struct SampleSets {
  Samples train, validation;
};

// A folder of MNIST's form: train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k-... for
// validation, each perhaps with .gz behind its name.
Result<SampleSets> load_idx_folder(const std::string& folder);

}  // namespace burin::train
