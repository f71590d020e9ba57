// mmap with the errors spelled out.
#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace burin {

namespace {

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return fail(path, std::string("cannot open: ") + std::strerror(errno));
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) {
    return fail(path, std::string("cannot read: ") + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return fail(path, "is not a regular file");

  std::shared_ptr<MappedFile> mapped(new MappedFile);
  if (info.st_size == 0) return mapped;
  auto size = static_cast<size_t>(info.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (memory == MAP_FAILED) {
    return fail(path, std::string("cannot map: ") + std::strerror(errno));
  }
  mapped->data_ = static_cast<const std::byte*>(memory);
  mapped->size_ = size;
  return mapped;
}

void MappedFile::leave_memory() const {
  if (data_) ::madvise(const_cast<std::byte*>(data_), size_, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace burin
