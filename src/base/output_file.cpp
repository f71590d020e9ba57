// stdio on a file without a name (O_TMPFILE), or with a temporary one where the file system has
// none such; then rename(2).
#include "base/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace burin {

namespace {

std::string folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// A device or a pipe, which nothing may replace.
bool is_special(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

// Below this name the open file can be given another one.
std::string name_of_descriptor(int descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

// -1 where files cannot be without a name, or cannot be given one later.
int open_nameless(const std::string& path) {
  int descriptor = ::open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor < 0) return -1;
  if (::access(name_of_descriptor(descriptor).c_str(), F_OK) == 0) return descriptor;
  ::close(descriptor);
  return -1;
}

}  // namespace

Result<std::unique_ptr<OutputFile>> OutputFile::create(const std::string& path) {
  static std::atomic<int> counter = 0;
  std::string temporary =
      path + "." + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
  Name name = is_special(path) ? Name::final : Name::none;
  int descriptor =
      name == Name::final ? ::open(path.c_str(), O_WRONLY | O_CLOEXEC) : open_nameless(path);
  if (descriptor < 0 && name == Name::none) {
    name = Name::temporary;
    descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }
  std::FILE* file = descriptor < 0 ? nullptr : ::fdopen(descriptor, "wb");
  if (!file) return fail(path, std::string("cannot write: ") + std::strerror(errno));
  return std::unique_ptr<OutputFile>(new OutputFile(path, temporary, name, file));
}

OutputFile::~OutputFile() {
  if (!file_) return;
  std::fclose(file_);
  if (name_ == Name::temporary) std::remove(temporary_.c_str());
}

void OutputFile::write(std::string_view bytes) {
  if (error_ || bytes.empty()) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) error_ = errno;
}

void OutputFile::write(std::span<const std::byte> bytes) {
  write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void OutputFile::keep_error(bool ok) {
  if (!ok && !error_) error_ = errno;
}

Result<void> OutputFile::commit(Durability durability) {
  int descriptor = ::fileno(file_);
  keep_error(std::fflush(file_) == 0);
  if (durability == Durability::on_disk && name_ != Name::final && !error_) {
    keep_error(::fsync(descriptor) == 0);
  }
  if (name_ == Name::none && !error_) {
    std::string open = name_of_descriptor(descriptor);
    std::remove(temporary_.c_str());  // of a process that had the same number
    keep_error(::linkat(AT_FDCWD, open.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) ==
               0);
  }
  keep_error(std::fclose(std::exchange(file_, nullptr)) == 0);
  if (name_ != Name::final && !error_) {
    keep_error(std::rename(temporary_.c_str(), path_.c_str()) == 0);
  }
  if (!error_) return {};
  if (name_ != Name::final) std::remove(temporary_.c_str());
  return fail(path_, std::string("cannot write: ") + std::strerror(error_));
}

}  // namespace burin
