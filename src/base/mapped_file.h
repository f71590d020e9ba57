// A file's bytes as read-only memory. Views into them (constants of a model) share ownership of the
// mapping, so it lives as long as the last view.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/diagnostic.h"

namespace burin {

class MappedFile {
 public:
  // Fails if the file is missing, unreadable or not a regular file; `where` of the Diagnostic is
  // the path. An empty file has no bytes. A file that shrinks while mapped is not supported.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // Copies bytes of the file, which the part is a view of. Where many are read once, this takes
  // less time than reading them through the mapping: the first touch of each page is what costs.
  void copy(std::span<const std::byte> part, std::byte* to) const;

  // Lets go of the pages that were read; reading them again brings them back. Any thread may.
  void leave_memory() const;

 private:
  MappedFile() = default;

  int descriptor_ = -1;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace burin
