// Confines external data to the model's folder.
#include <filesystem>

#include "onnx/tensor_proto.h"

namespace burin::onnx {

namespace fs = std::filesystem;

namespace {

// Whether `path` is `folder` or below it; both canonical.
bool is_below(const fs::path& path, const fs::path& folder) {
  auto [rest, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return rest == folder.end();
}

void check_location(std::string_view location) {
  if (location.empty() || location.find('\0') != std::string_view::npos) {
    throw ParseError("external data without a usable location");
  }
  fs::path relative{std::string(location)};
  if (relative.is_absolute()) {
    throw ParseError("external data path " + quote_name(location) + " is absolute",
                     "it must be relative to the model's folder");
  }
  for (const fs::path& part : relative) {
    if (part == "..") {
      throw ParseError("external data path " + quote_name(location) + " leaves the model's folder");
    }
  }
}

}  // namespace

std::shared_ptr<const MappedFile> ExternalFiles::open(std::string_view location) {
  if (auto known = files_.find(location); known != files_.end()) return known->second;
  check_location(location);
  if (!folder_) throw ParseError("external data in a model that has no folder");

  std::error_code error;
  fs::path folder = fs::canonical(folder_->empty() ? "." : *folder_, error);
  fs::path path = error ? fs::path() : fs::canonical(folder / std::string(location), error);
  if (error) {
    throw ParseError("external data " + quote_name(location) + ": " + error.message());
  }
  if (!is_below(path, folder)) {
    throw ParseError("external data path " + quote_name(location) +
                     " leaves the model's folder through a link");
  }
  auto file = MappedFile::open(path.string());
  if (!file) throw ParseError("external data " + quote_name(location) + ": " + file.error().reason);
  return files_.emplace(location, *file).first->second;
}

std::vector<std::shared_ptr<const MappedFile>> ExternalFiles::files() const {
  std::vector<std::shared_ptr<const MappedFile>> files;
  for (const auto& [location, file] : files_) files.push_back(file);
  return files;
}

}  // namespace burin::onnx
