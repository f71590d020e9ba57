// A run of bytes: from `begin` up to, but not including, `end`; relative to what its owner says.
#pragma once

#include <algorithm>
#include <cstdint>

namespace burin {

struct ByteRange {
  int64_t begin = 0, end = 0;

  bool empty() const { return begin >= end; }
  int64_t size() const { return empty() ? 0 : end - begin; }
  bool overlaps(const ByteRange& other) const { return begin < other.end && other.begin < end; }
  // Grows to hold `other` too.
  void cover(const ByteRange& other) {
    if (other.empty()) return;
    *this = empty() ? other : ByteRange{std::min(begin, other.begin), std::max(end, other.end)};
  }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

}  // namespace burin
