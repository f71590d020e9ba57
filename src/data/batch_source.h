// Batches as a function of (seed, epoch, step): which items, in which order, changed how. Nothing
// here runs in the background; data/loader.h does that.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "data/dataset.h"
#include "data/pixel_cache.h"
#include "data/render.h"

namespace burin::data {

// What becomes of the items that do not fill a batch, and of items that cannot be read.
enum class Tail {
  // For training: they wait for another epoch's order (a set smaller than a batch is repeated to
  // fill one). The next readable item in the epoch's order takes an unreadable item's place.
  drop,
  // For measuring: each item comes once. Rows that have no item, or an unreadable one, are zeros
  // with label -1.
  pad,
};

struct BatchOptions {
  int64_t batch = 32;
  // Of how many slices a step's rows are, each of `batch` rows, and which one to load: processes
  // that load one slice each have together what one process loads with slices * batch rows. Mixup
  // mixes within a slice.
  int64_t slices = 1, slice = 0;
  PictureFormat format;
  Augmentation augmentation;
  bool shuffle = true;  // an order of its own for each epoch; else the order of the items
  Tail tail = Tail::drop;
  double mixup = 0;  // alpha of mixup's Beta distribution; 0: none, and no soft labels
  uint64_t seed = 0;
  int64_t cache_bytes = 0;  // memory for decoded pictures
};

struct UnreadableItem {
  int64_t item = 0;
  Diagnostic why;
};

// One batch's memory, used again and again.
struct BatchBuffer {
  std::vector<float> images;       // [batch, H, W, C] or [batch, C, H, W]
  std::vector<int64_t> labels;     // [batch]
  std::vector<float> soft_labels;  // [batch, classes] with mixup, else empty
  std::vector<UnreadableItem> unreadable;
  int64_t epoch = 0;
  int64_t step = 0;
};

class BatchSource {
 public:
  // Both the data set and the options are the caller's, who keeps `dataset` alive. Errors: no
  // items, item numbers outside the set, absurd sizes.
  static Result<std::unique_ptr<BatchSource>> create(const Dataset& dataset,
                                                     std::vector<int64_t> items,
                                                     const BatchOptions& options);

  const BatchOptions& options() const { return options_; }
  int64_t steps_per_epoch() const;
  BatchBuffer make_buffer() const;

  // Any thread may call it, with a buffer and a renderer of its own. Stops early, with the buffer
  // half filled, when asked to. Fails if too many items in a row cannot be read.
  Result<void> fill(int64_t epoch, int64_t step, Renderer& renderer, BatchBuffer& buffer,
                    std::stop_token stop = {}) const;

 private:
  using Order = std::vector<int64_t>;

  BatchSource(const Dataset& dataset, std::vector<int64_t> items, const BatchOptions& options);
  std::shared_ptr<const Order> order_of(int64_t epoch) const;
  Result<void> load_row(const Order& order, int64_t position, int64_t row, Renderer& renderer,
                        BatchBuffer& buffer) const;
  Result<void> load_item(int64_t item, int64_t row, Renderer& renderer, BatchBuffer& buffer) const;
  Result<void> render_item(int64_t item, int64_t row, Renderer& renderer,
                           BatchBuffer& buffer) const;
  void clear_row(int64_t row, BatchBuffer& buffer) const;
  void mix(BatchBuffer& buffer) const;

  const Dataset& dataset_;
  std::shared_ptr<const Order> items_;
  BatchOptions options_;
  DecodeOptions decode_;
  mutable PixelCache cache_;
  mutable std::mutex mutex_;  // guards the orders of the latest epochs
  mutable std::vector<std::pair<int64_t, std::shared_ptr<const Order>>> orders_;
};

}  // namespace burin::data
