// Finding out the form, and the checks that every form passes.
#include "data/dataset.h"

#include <algorithm>
#include <filesystem>

#include "data/forms.h"

namespace burin::data {

namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// The folder beside `train` that holds the test part; empty if there is none.
std::string test_folder(const fs::path& path) {
  for (const char* name : {"test", "val", "valid", "validation"}) {
    if (is_folder(path / name)) return (path / name).string();
  }
  return {};
}

Result<OpenedDataset> open_photo_parts(const std::string& path) {
  OpenedDataset opened;
  std::string test = test_folder(path);
  if (test.empty() || !is_folder(fs::path(path) / "train")) {
    BURIN_ASSIGN(opened.train, open_photos(path));
    return opened;
  }
  BURIN_ASSIGN(opened.train, open_photos((fs::path(path) / "train").string()));
  BURIN_ASSIGN(opened.test, open_photos(test));
  return opened;
}

Result<void> check_classes(const std::string& path, const Dataset& train) {
  if (train.classes().size() < 2) {
    return fail(path, "only one class: " + train.classes().front(),
                "a network that tells classes apart needs two or more");
  }
  std::vector<int64_t> counts(train.classes().size());
  for (int64_t i = 0; i < train.size(); ++i) ++counts[static_cast<size_t>(train.label(i))];
  auto empty = std::ranges::find(counts, 0);
  if (empty == counts.end()) return {};
  return fail(path,
              "no image of class " + train.classes()[static_cast<size_t>(empty - counts.begin())],
              "classes are numbered from 0 without gaps; add images of it, or leave it out");
}

Result<void> check_same_classes(const std::string& path, const Dataset& train,
                                const Dataset& test) {
  if (train.channels() != test.channels() || train.width() != test.width() ||
      train.height() != test.height()) {
    return fail(path, "images for training and for testing have different sizes");
  }
  if (train.classes() == test.classes()) return {};
  return fail(path, "the classes for training and for testing differ",
              "both parts need the same class names");
}

}  // namespace

Result<OpenedDataset> open_dataset(const std::string& path) {
  if (!is_folder(path)) {
    return fail(path, "not a folder", "give a folder of photos, one folder a class");
  }
  BURIN_ASSIGN(OpenedDataset opened,
               has_array_form(path) ? open_arrays(path) : open_photo_parts(path));
  BURIN_TRY(check_classes(path, *opened.train));
  if (opened.test) BURIN_TRY(check_same_classes(path, *opened.train, *opened.test));
  return opened;
}

}  // namespace burin::data
