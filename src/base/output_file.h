// A file that appears whole or not at all: written under a temporary name beside its path and
// renamed by commit().
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
  // Fails if the folder is missing or not writable; `where` of a Diagnostic is the path.
  static Result<std::unique_ptr<OutputFile>> create(const std::string& path);

  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  // Removes the temporary file if commit() did not succeed.
  ~OutputFile();

  // Errors of writing are kept and reported by commit().
  void write(std::string_view bytes);
  void write(std::span<const std::byte> bytes);
  // `on_disk`: the bytes have reached the disk before the name appears.
  enum class Durability { cached, on_disk };
  Result<void> commit(Durability durability = Durability::cached);

 private:
  OutputFile(std::string path, std::string temporary, std::FILE* file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}

  std::string path_, temporary_;
  std::FILE* file_ = nullptr;
  int error_ = 0;  // the first errno
};

}  // namespace burin
