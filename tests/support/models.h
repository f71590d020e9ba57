// Where the trained networks for tests are: $BURIN_MODELS, else ../shared/models beside the
// sources. Tests that need them skip, with the reason, where the folder is absent.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace burin::test {

inline std::filesystem::path models_folder() {
  if (const char* folder = std::getenv("BURIN_MODELS")) return folder;
  return std::filesystem::path(BURIN_SOURCE_DIR) / ".." / "shared" / "models";
}

// The folders that hold a model.onnx, sorted; empty if there is no models folder.
inline std::vector<std::filesystem::path> model_folders() {
  std::vector<std::filesystem::path> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(models_folder(), error)) {
    if (std::filesystem::exists(entry.path() / "model.onnx")) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace burin::test
