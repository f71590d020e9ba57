// Every random number comes from a generator named by what it is for, so rows may be made in any
// order by any thread.
#include "data/batch_source.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "base/checked.h"
#include "data/shuffle.h"

namespace burin::data {

namespace {

constexpr int64_t kMaxBatch = 1 << 20;
constexpr int kMaxFormatSide = 16384;  // of what a network takes
constexpr int64_t kMaxBatchBytes = int64_t{4} << 30;
constexpr int64_t kMaxUnreadable = 1000;  // in a row

// The first part of a generator's name.
enum Purpose : uint64_t { kOrder, kTransform, kMixup };

Result<void> check_options(const Dataset& dataset, const std::vector<int64_t>& items,
                           const BatchOptions& o) {
  auto refuse = [](std::string reason, const char* hint) {
    return fail("loader", std::move(reason), hint);
  };
  if (items.empty()) return refuse("no items to load", "hold out fewer items");
  if (std::ranges::min(items) < 0 || std::ranges::max(items) >= dataset.size()) {
    return refuse("an item that the data set does not have", "");
  }
  if (o.batch < 1 || o.batch > kMaxBatch) return refuse("impossible batch size", "1 to 1048576");
  if (o.slice < 0 || o.slice >= o.slices || o.slices > kMaxBatch) {
    return refuse("a slice that a batch does not have", "");
  }
  int width = o.format.width, height = o.format.height, channels = o.format.channels;
  if (width < 1 || height < 1 || width > kMaxFormatSide || height > kMaxFormatSide) {
    return refuse("impossible picture size", "1 to 16384 pixels a side");
  }
  if (channels != 1 && channels != 3) return refuse("impossible number of channels", "1 or 3");
  auto bytes = checked_mul(o.format.elements() * 4, o.batch);
  if (!bytes || *bytes > kMaxBatchBytes) {
    return refuse("a batch of more than 4 GiB", "smaller pictures or fewer of them");
  }
  if (!(o.mixup >= 0 && o.mixup <= 1000)) return refuse("impossible mixup", "0 to 1000");
  auto soft = checked_mul(o.batch * 4, static_cast<int64_t>(dataset.classes().size()));
  if (o.mixup > 0 && (!soft || *soft > kMaxBatchBytes)) {
    return refuse("soft labels of more than 4 GiB", "a smaller batch");
  }
  return check_augmentation(o.augmentation);
}

// Large enough that the smallest crop need not be enlarged.
DecodeOptions decode_options(const BatchOptions& options) {
  double factor = 1 / std::sqrt(options.augmentation.min_area);
  return {.wanted_width = static_cast<int>(std::ceil(options.format.width * factor)),
          .wanted_height = static_cast<int>(std::ceil(options.format.height * factor))};
}

}  // namespace

Result<std::unique_ptr<BatchSource>> BatchSource::create(const Dataset& dataset,
                                                         std::vector<int64_t> items,
                                                         const BatchOptions& options) {
  BURIN_TRY(check_options(dataset, items, options));
  return std::unique_ptr<BatchSource>(new BatchSource(dataset, std::move(items), options));
}

BatchSource::BatchSource(const Dataset& dataset, std::vector<int64_t> items,
                         const BatchOptions& options)
    : dataset_(dataset),
      items_(std::make_shared<const Order>(std::move(items))),
      options_(options),
      decode_(decode_options(options)),
      cache_(dataset.size(), options.cache_bytes) {}

int64_t BatchSource::steps_per_epoch() const {
  auto items = static_cast<int64_t>(items_->size());
  int64_t step = options_.batch * options_.slices;
  if (options_.tail == Tail::pad) return ceil_div(items, step);
  return std::max<int64_t>(1, items / step);
}

BatchBuffer BatchSource::make_buffer() const {
  BatchBuffer buffer;
  auto rows = static_cast<size_t>(options_.batch);
  buffer.images.resize(rows * static_cast<size_t>(options_.format.elements()));
  buffer.labels.resize(rows);
  if (options_.mixup > 0) buffer.soft_labels.resize(rows * dataset_.classes().size());
  return buffer;
}

std::shared_ptr<const BatchSource::Order> BatchSource::order_of(int64_t epoch) const {
  if (!options_.shuffle) return items_;
  std::lock_guard lock(mutex_);
  for (const auto& [known, order] : orders_) {
    if (known == epoch) return order;
  }
  auto order = std::make_shared<Order>(*items_);
  Rng rng = rng_of({kOrder, options_.seed, static_cast<uint64_t>(epoch)});
  shuffle(*order, rng);
  constexpr size_t kKept = 2;  // threads work at the end of one epoch and the start of the next
  if (orders_.size() >= kKept) orders_.erase(orders_.begin());
  orders_.emplace_back(epoch, order);
  return order;
}

Result<void> BatchSource::fill(int64_t epoch, int64_t step, Renderer& renderer, BatchBuffer& buffer,
                               std::stop_token stop) const {
  buffer.epoch = epoch, buffer.step = step;
  buffer.unreadable.clear();
  auto order = order_of(epoch);
  int64_t first = (step * options_.slices + options_.slice) * options_.batch;
  for (int64_t row = 0; row < options_.batch; ++row) {
    if (stop.stop_requested()) return {};
    BURIN_TRY(load_row(*order, first + row, row, renderer, buffer));
  }
  if (options_.mixup > 0) mix(buffer);
  return {};
}

Result<void> BatchSource::load_row(const Order& order, int64_t position, int64_t row,
                                   Renderer& renderer, BatchBuffer& buffer) const {
  auto size = static_cast<int64_t>(order.size());
  int64_t tries = std::min(size, kMaxUnreadable);
  if (options_.tail == Tail::pad) tries = position < size ? 1 : 0;
  for (int64_t k = 0; k < tries; ++k) {
    int64_t item = order[static_cast<size_t>((position + k) % size)];
    auto loaded = load_item(item, row, renderer, buffer);
    if (loaded) return {};
    buffer.unreadable.push_back({item, std::move(loaded.error())});
  }
  clear_row(row, buffer);
  if (options_.tail == Tail::pad) return {};
  const Diagnostic& last = buffer.unreadable.back().why;
  return fail(last.where,
              std::to_string(tries) + " images in a row cannot be read; the last: " + last.reason,
              last.hint);
}

Result<void> BatchSource::load_item(int64_t item, int64_t row, Renderer& renderer,
                                    BatchBuffer& buffer) const {
  try {
    return render_item(item, row, renderer, buffer);
  } catch (const std::bad_alloc&) {
    return fail(dataset_.name(item), "out of memory");
  }
}

Result<void> BatchSource::render_item(int64_t item, int64_t row, Renderer& renderer,
                                      BatchBuffer& buffer) const {
  Pixels loaded;
  const Pixels* pixels = cache_.find(item);
  if (!pixels) {
    BURIN_ASSIGN(loaded, dataset_.load(item, decode_));
    cache_.add(item, loaded);
    pixels = &loaded;
  }
  Rng rng = rng_of({kTransform, options_.seed, static_cast<uint64_t>(buffer.epoch),
                    static_cast<uint64_t>(item)});
  renderer.render(*pixels, draw_transform(options_.augmentation, rng),
                  buffer.images.data() + row * options_.format.elements());
  buffer.labels[static_cast<size_t>(row)] = dataset_.label(item);
  return {};
}

void BatchSource::clear_row(int64_t row, BatchBuffer& buffer) const {
  std::fill_n(buffer.images.begin() + row * options_.format.elements(), options_.format.elements(),
              0.0f);
  buffer.labels[static_cast<size_t>(row)] = -1;
}

void BatchSource::mix(BatchBuffer& buffer) const {
  size_t classes = dataset_.classes().size();
  std::ranges::fill(buffer.soft_labels, 0.0f);
  for (size_t row = 0; row < buffer.labels.size(); ++row) {
    int64_t label = buffer.labels[row];
    if (label >= 0) buffer.soft_labels[row * classes + static_cast<size_t>(label)] = 1;
  }
  Rng rng = rng_of({kMixup, options_.seed, static_cast<uint64_t>(buffer.epoch),
                    static_cast<uint64_t>(buffer.step)});
  auto weight = static_cast<float>(draw_mixup_weight(options_.mixup, rng));
  mix_rows(buffer.images, options_.batch, weight);
  mix_rows(buffer.soft_labels, options_.batch, weight);
}

}  // namespace burin::data
