// mmap, memcpy, mprotect.
#include "runtime/code_pages.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace burin::runtime {

Result<CodePages> CodePages::create(std::span<const uint8_t> code) {
  size_t size = (code.size() + 4095) / 4096 * 4096;
  if (size == 0) size = 4096;
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) {
    return fail("code pages", std::string("cannot map memory: ") + std::strerror(errno));
  }
  CodePages result(static_cast<std::byte*>(pages), size);
  if (!code.empty()) std::memcpy(pages, code.data(), code.size());
  if (mprotect(pages, size, PROT_READ | PROT_EXEC) != 0) {
    return fail("code pages", std::string("cannot make memory executable: ") + std::strerror(errno),
                "the system may forbid generated code");
  }
  return result;
}

CodePages::CodePages(CodePages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

CodePages& CodePages::operator=(CodePages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

CodePages::~CodePages() {
  if (data_) munmap(data_, size_);
}

}  // namespace burin::runtime
