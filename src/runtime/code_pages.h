// Executable memory, written once: mapped writable, filled, then made executable and read-only.
// A page is never writable and executable at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/diagnostic.h"

namespace burin::runtime {

class CodePages {
 public:
  // Copies `code` to fresh pages. The start is page aligned, so 64-byte aligned offsets stay so.
  static Result<CodePages> create(std::span<const uint8_t> code);

  CodePages(CodePages&& other) noexcept;
  CodePages& operator=(CodePages&& other) noexcept;
  ~CodePages();

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }

  // The function at a byte offset: entry<void (*)(int)>(0).
  template <class Function>
  Function entry(size_t offset) const {
    return reinterpret_cast<Function>(reinterpret_cast<uintptr_t>(data_ + offset));
  }

 private:
  CodePages(std::byte* data, size_t size) : data_(data), size_(size) {}

  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace burin::runtime
