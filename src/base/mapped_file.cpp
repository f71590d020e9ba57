// mmap with the errors spelled out.
#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace burin {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  int file = mapped->descriptor_;
  if (file < 0) return fail(path, std::string("cannot open: ") + std::strerror(errno));
  struct stat info {};
  if (::fstat(file, &info) != 0) {
    return fail(path, std::string("cannot read: ") + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return fail(path, "is not a regular file");

  if (info.st_size == 0) return mapped;
  auto size = static_cast<size_t>(info.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (memory == MAP_FAILED) {
    return fail(path, std::string("cannot map: ") + std::strerror(errno));
  }
  mapped->data_ = static_cast<const std::byte*>(memory);
  mapped->size_ = size;
  return mapped;
}

void MappedFile::copy(std::span<const std::byte> part, std::byte* to) const {
  BURIN_CHECK(part.data() >= data_ && part.data() + part.size() <= data_ + size_,
              "not a part of the file");
  size_t done = 0;
  while (done < part.size()) {
    auto at = static_cast<off_t>(part.data() - data_) + static_cast<off_t>(done);
    ssize_t got = ::pread(descriptor_, to + done, part.size() - done, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  // What could not be read so is there through the mapping.
  if (done < part.size()) std::memcpy(to + done, part.data() + done, part.size() - done);
}

void MappedFile::leave_memory() const {
  if (data_) ::madvise(const_cast<std::byte*>(data_), size_, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace burin
