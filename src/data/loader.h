// Batches made in the background while the network computes. Their order and every bit in them
// depend on the options, never on the number of threads or their timing.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "data/batch_source.h"

namespace burin::data {

struct LoaderOptions {
  BatchOptions batches;
  int threads = 1;   // 0: next() does the work itself
  int prefetch = 4;  // batches that may lie ready; memory is for these and one in use
  // The first batch that next() returns: where a stopped run goes on.
  int64_t first_epoch = 0;
  int64_t first_step = 0;
};

// Views into the loader's memory, valid until the next call of next().
struct Batch {
  std::span<const float> images;       // [batch, H, W, C] or [batch, C, H, W]
  std::span<const int64_t> labels;     // [batch]; -1: no item, see Tail::pad
  std::span<const float> soft_labels;  // [batch, classes] with mixup, else empty
  int64_t epoch = 0;
  int64_t step = 0;
};

class Loader {
 public:
  // `dataset` must outlive the loader. `items` are those to load, e.g. one side of a Split.
  static Result<std::unique_ptr<Loader>> create(const Dataset& dataset, std::vector<int64_t> items,
                                                const LoaderOptions& options);
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader();

  int64_t steps_per_epoch() const { return source_->steps_per_epoch(); }

  // Epoch follows epoch without end. Fails if hardly anything can be read.
  Result<Batch> next();

  // How long next() has waited for its batches in all.
  double waited_seconds() const { return waited_; }
  // Items of the batches so far that could not be read, each once.
  const std::map<int64_t, Diagnostic>& unreadable() const { return unreadable_; }

 private:
  struct Slot {
    BatchBuffer buffer;
    Result<void> result;
    int64_t ready = -1;  // the number of the batch that it holds
  };

  Loader(std::unique_ptr<BatchSource> source, const LoaderOptions& options);
  void work(std::stop_token stop);
  void make(int64_t number, Renderer& renderer, std::stop_token stop);
  Slot& slot_of(int64_t number) { return slots_[static_cast<size_t>(number) % slots_.size()]; }
  void wait_for(int64_t number);

  std::unique_ptr<BatchSource> source_;
  int64_t first_ = 0;  // batches are numbered from the start of epoch 0
  std::vector<Slot> slots_;
  Renderer renderer_;  // of next(), when there are no threads
  double waited_ = 0;
  std::map<int64_t, Diagnostic> unreadable_;

  std::mutex mutex_;
  std::condition_variable_any may_make_, made_;
  int64_t next_to_make_ = 0;           // guarded by mutex_, as are the slots' `ready`
  int64_t next_to_return_ = 0;         // written by next() under mutex_
  std::vector<std::jthread> threads_;  // last: they stop before the rest goes
};

// "2 of 15000 images cannot be read and are left out:" and a line each, the first 20; empty if
// none.
std::string unreadable_text(const std::map<int64_t, Diagnostic>& unreadable, int64_t items);

}  // namespace burin::data
