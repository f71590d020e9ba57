// One read for all rows where little lies between them, else one for each.
#include "lower/staged_rows.h"

#include <algorithm>

#include "base/mapped_file.h"

namespace burin::lower {

namespace {

constexpr int64_t kLeastRead = 4 << 10;   // bytes: less is not worth a call to the system
constexpr int64_t kMostRead = 512 << 10;  // of the rows at a time: they stay in the cache

}  // namespace

StagedRows::Rows StagedRows::at(int64_t first, int64_t length, int64_t count, int64_t step) {
  int64_t size = size_of(value_.dtype()), row = length * size, apart = step * size;
  const std::byte* start = value_.data() + first * size;
  Rows rows{start, step};
  if (!value_.file() || step < length || row * count > kMostRead) return rows;
  auto part = [&](int64_t from, int64_t bytes) {
    return std::span(start + from, static_cast<size_t>(bytes));
  };
  int64_t all = row + (count - 1) * apart;
  if (all <= 2 * row * count && all >= kLeastRead) {
    std::byte* to = room(all);
    value_.file()->copy(part(0, all), to);
    return {to, step};
  }
  if (row < kLeastRead) return rows;
  std::byte* to = room(row * count);
  for (int64_t r = 0; r < count; ++r) value_.file()->copy(part(r * apart, row), to + r * row);
  return {to, length};
}

std::byte* StagedRows::room(int64_t bytes) {
  if (bytes > size_) {
    size_ = bytes;
    copies_ = std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(bytes));
  }
  return copies_.get();
}

}  // namespace burin::lower
