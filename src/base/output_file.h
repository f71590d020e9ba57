// A file that appears whole or not at all: it has no name, or a temporary one beside its path,
// until commit() gives it its own.
#pragma once

#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/diagnostic.h"

namespace burin {

class OutputFile {
 public:
  // Where `path` is a device or a pipe, it is written to as it stands. Fails if the folder is
  // missing or not writable; `where` of a Diagnostic is the path.
  static Result<std::unique_ptr<OutputFile>> create(const std::string& path);

  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  // Leaves nothing behind if commit() did not succeed.
  ~OutputFile();

  // Errors of writing are kept and reported by commit().
  void write(std::string_view bytes);
  void write(std::span<const std::byte> bytes);
  // `on_disk`: the bytes have reached the disk before the name appears.
  enum class Durability { cached, on_disk };
  Result<void> commit(Durability durability = Durability::cached);

 private:
  enum class Name { none, temporary, final };

  OutputFile(std::string path, std::string temporary, Name name, std::FILE* file)
      : path_(std::move(path)), temporary_(std::move(temporary)), name_(name), file_(file) {}
  void keep_error(bool ok);

  std::string path_, temporary_;
  Name name_;  // under which it is open
  std::FILE* file_ = nullptr;
  int error_ = 0;  // the first errno
};

}  // namespace burin
