// Decoded pictures kept in memory, up to a budget; those that come when it is used up are decoded
// anew each time. Any thread may call it.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "data/pixels.h"

namespace burin::data {

class PixelCache {
 public:
  PixelCache(int64_t items, int64_t budget_bytes)
      : budget_(budget_bytes), slots_(budget_bytes > 0 ? static_cast<size_t>(items) : 0) {}
  PixelCache(const PixelCache&) = delete;
  PixelCache& operator=(const PixelCache&) = delete;
  ~PixelCache() {
    for (auto& slot : slots_) delete slot.load();
  }

  // Null if the item is not here. Lives as long as the cache.
  const Pixels* find(int64_t item) const {
    return slots_.empty() ? nullptr : slots_[static_cast<size_t>(item)].load();
  }

  // Keeps a copy if the budget allows.
  void add(int64_t item, const Pixels& pixels) {
    if (slots_.empty()) return;
    int64_t bytes = pixels.memory() + static_cast<int64_t>(sizeof(Pixels));
    if (used_.fetch_add(bytes) + bytes <= budget_) {
      auto copy = std::make_unique<const Pixels>(pixels);
      const Pixels* none = nullptr;
      if (slots_[static_cast<size_t>(item)].compare_exchange_strong(none, copy.get())) {
        return void(copy.release());
      }
    }
    used_.fetch_sub(bytes);
  }

 private:
  int64_t budget_;
  std::atomic<int64_t> used_ = 0;
  std::vector<std::atomic<const Pixels*>> slots_;
};

}  // namespace burin::data
