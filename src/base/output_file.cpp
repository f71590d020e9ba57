// stdio on a temporary name, then rename(2).
#include "base/output_file.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace burin {

Result<std::unique_ptr<OutputFile>> OutputFile::create(const std::string& path) {
  static std::atomic<int> counter = 0;
  std::string temporary =
      path + "." + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
  std::FILE* file = std::fopen(temporary.c_str(), "wbx");
  if (!file) return fail(path, std::string("cannot write: ") + std::strerror(errno));
  return std::unique_ptr<OutputFile>(new OutputFile(path, temporary, file));
}

OutputFile::~OutputFile() {
  if (!file_) return;
  std::fclose(file_);
  std::remove(temporary_.c_str());
}

void OutputFile::write(std::string_view bytes) {
  if (error_ || bytes.empty()) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) error_ = errno;
}

void OutputFile::write(std::span<const std::byte> bytes) {
  write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Result<void> OutputFile::commit(Durability durability) {
  if (std::fflush(file_) != 0 && !error_) error_ = errno;
  bool sync = durability == Durability::on_disk && !error_;
  if (sync && ::fsync(::fileno(file_)) != 0) error_ = errno;
  std::fclose(file_);
  file_ = nullptr;
  if (!error_ && std::rename(temporary_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (!error_) return {};
  std::remove(temporary_.c_str());
  return fail(path_, std::string("cannot write: ") + std::strerror(error_));
}

}  // namespace burin
