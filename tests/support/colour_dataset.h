// A data set in memory: each picture has one colour that tells which item it is.
#pragma once

#include <set>

#include "data/dataset.h"

namespace burin::test {

class ColourDataset final : public data::Dataset {
 public:
  // Item i has class i % classes and bytes of value i % 256; those of `broken` cannot be loaded.
  ColourDataset(int items, int classes, std::set<int64_t> broken = {})
      : broken_(std::move(broken)) {
    for (int c = 0; c < classes; ++c) classes_.push_back("class" + std::to_string(c));
    for (int i = 0; i < items; ++i) labels_.push_back(i % classes);
  }

  std::string name(int64_t item) const override { return "item " + std::to_string(item); }
  int channels() const override { return 3; }
  Result<data::Pixels> load(int64_t item, const data::DecodeOptions&) const override {
    if (broken_.contains(item)) return fail(name(item), "broken");
    return data::Pixels{4, 4, 3, std::vector<uint8_t>(48, static_cast<uint8_t>(item)), {}};
  }

 private:
  std::set<int64_t> broken_;
};

}  // namespace burin::test
