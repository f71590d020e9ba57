// Threads take batch numbers in turn; batch n lies in slot n modulo the ring.
#include "data/loader.h"

#include <fmt/format.h>

#include <chrono>
#include <new>
#include <system_error>

namespace burin::data {

namespace {

constexpr int kMaxThreads = 256, kMaxPrefetch = 1024;
constexpr int64_t kMaxRingBytes = int64_t{16} << 30;
constexpr int64_t kMaxEpoch = 1'000'000'000;

Result<void> check_options(const LoaderOptions& o, const BatchSource& source) {
  if (o.threads < 0 || o.threads > kMaxThreads) {
    return fail("loader", "impossible number of threads", "0 to 256");
  }
  if (o.prefetch < 1 || o.prefetch > kMaxPrefetch) {
    return fail("loader", "impossible number of batches to prefetch", "1 to 1024");
  }
  int64_t batch_bytes = o.batches.format.elements() * 4 * o.batches.batch;
  if (batch_bytes * (o.prefetch + 1) > kMaxRingBytes) {
    return fail("loader", "batches of more than 16 GiB in all", "prefetch fewer or smaller ones");
  }
  bool inside = o.first_epoch >= 0 && o.first_epoch <= kMaxEpoch && o.first_step >= 0 &&
                o.first_step < source.steps_per_epoch();
  if (inside) return {};
  return fail("loader", fmt::format("no step {} in epoch {}", o.first_step, o.first_epoch),
              fmt::format("an epoch has {} steps", source.steps_per_epoch()));
}

}  // namespace

Result<std::unique_ptr<Loader>> Loader::create(const Dataset& dataset, std::vector<int64_t> items,
                                               const LoaderOptions& options) {
  BURIN_ASSIGN(auto source, BatchSource::create(dataset, std::move(items), options.batches));
  BURIN_TRY(check_options(options, *source));
  std::unique_ptr<Loader> loader;
  try {
    loader.reset(new Loader(std::move(source), options));
    for (int i = 0; i < options.threads; ++i) {
      loader->threads_.emplace_back([at = loader.get()](std::stop_token stop) { at->work(stop); });
    }
  } catch (const std::system_error& error) {
    return fail("loader", std::string("cannot start a thread: ") + error.what(), "use fewer");
  } catch (const std::bad_alloc&) {
    return fail("loader", "no memory for the batches", "smaller batches, or prefetch fewer");
  }
  return loader;
}

Loader::Loader(std::unique_ptr<BatchSource> source, const LoaderOptions& options)
    : source_(std::move(source)),
      first_(options.first_epoch * source_->steps_per_epoch() + options.first_step),
      slots_(options.threads == 0 ? 1 : static_cast<size_t>(options.prefetch) + 1),
      renderer_(options.batches.format),
      next_to_make_(first_),
      next_to_return_(first_) {
  for (Slot& slot : slots_) slot.buffer = source_->make_buffer();
}

Loader::~Loader() {
  for (auto& thread : threads_) thread.request_stop();
}

void Loader::work(std::stop_token stop) {
  Renderer renderer(source_->options().format);
  std::unique_lock lock(mutex_);
  for (;;) {
    // The slot of the batch before next_to_return_ is in use until next() is called again.
    auto free = [this] {
      int64_t in_use = std::max(first_, next_to_return_ - 1);
      return next_to_make_ < in_use + static_cast<int64_t>(slots_.size());
    };
    if (!may_make_.wait(lock, stop, free)) return;
    int64_t number = next_to_make_++;
    lock.unlock();
    make(number, renderer, stop);
    lock.lock();
    slot_of(number).ready = number;
    made_.notify_all();
  }
}

void Loader::make(int64_t number, Renderer& renderer, std::stop_token stop) {
  int64_t steps = source_->steps_per_epoch();
  Slot& slot = slot_of(number);
  try {
    slot.result = source_->fill(number / steps, number % steps, renderer, slot.buffer, stop);
  } catch (const std::bad_alloc&) {
    slot.result = fail("loader", "out of memory");
  }
}

void Loader::wait_for(int64_t number) {
  auto start = std::chrono::steady_clock::now();
  if (threads_.empty()) {
    make(number, renderer_, {});
  } else {
    std::unique_lock lock(mutex_);
    next_to_return_ = number + 1;  // frees the slot that was in use
    may_make_.notify_all();
    made_.wait(lock, [&] { return slot_of(number).ready == number; });
  }
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<Batch> Loader::next() {
  int64_t number = threads_.empty() ? next_to_return_++ : next_to_return_;
  wait_for(number);
  Slot& slot = slot_of(number);
  for (UnreadableItem& bad : slot.buffer.unreadable) {
    unreadable_.try_emplace(bad.item, std::move(bad.why));
  }
  BURIN_TRY(slot.result);
  const BatchBuffer& b = slot.buffer;
  return Batch{b.images, b.labels, b.soft_labels, b.epoch, b.step};
}

std::string unreadable_text(const std::map<int64_t, Diagnostic>& unreadable, int64_t items) {
  constexpr size_t kShown = 20;
  if (unreadable.empty()) return {};
  std::string text =
      fmt::format("{} of {} images cannot be read and are left out:\n", unreadable.size(), items);
  size_t shown = 0;
  for (const auto& [item, why] : unreadable) {
    if (shown++ == kShown) return text + "  ...\n";
    text += "  " + why.text() + "\n";
  }
  return text;
}

}  // namespace burin::data
