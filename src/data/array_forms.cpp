// IDX, raw and .npy files: their names, and how they become tensors.
#include <algorithm>
#include <filesystem>
#include <limits>

#include "base/mapped_file.h"
#include "data/forms.h"
#include "data/idx.h"
#include "tensor/npy.h"

namespace burin::data {

namespace {

namespace fs = std::filesystem;

Result<Tensor> read_whole_idx(const std::string& path) {
  return read_idx(path, std::numeric_limits<int64_t>::max());
}

// A mapped file of bytes as u8 [N, item...]; its size must be a multiple of an item's.
Result<Tensor> map_bytes(const std::string& path, Dims item) {
  BURIN_ASSIGN(auto file, MappedFile::open(path));
  auto size = static_cast<int64_t>(file->bytes().size());
  int64_t item_size = Shape(item).elements();
  if (size % item_size != 0) {
    return fail(path,
                std::to_string(size) + " bytes, not a multiple of " + std::to_string(item_size),
                "images are 3 x 128 x 128 bytes each, labels one");
  }
  item.insert(item.begin(), size / item_size);
  return Tensor({DType::u8, Shape(std::move(item))}, file->bytes(), file);
}

Result<Tensor> map_raw_images(const std::string& path) { return map_bytes(path, {3, 128, 128}); }
Result<Tensor> map_raw_labels(const std::string& path) { return map_bytes(path, {}); }

struct Form {
  struct Part {
    const char *images, *labels;
  } train, test;
  Result<Tensor> (*read_images)(const std::string& path);
  Result<Tensor> (*read_labels)(const std::string& path);
};

constexpr Form kForms[] = {
    {{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"},
     {"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
     read_whole_idx,
     read_whole_idx},
    {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
     {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
     read_whole_idx,
     read_whole_idx},
    {{"images.bin", "labels.bin"},
     {"images_test.bin", "labels_test.bin"},
     map_raw_images,
     map_raw_labels},
    {{"x.npy", "y.npy"}, {"x_test.npy", "y_test.npy"}, read_npy, read_npy},
};

bool has_file(const std::string& folder, const char* name) {
  std::error_code ignored;
  return fs::is_regular_file(fs::path(folder) / name, ignored);
}

const Form* form_of(const std::string& folder) {
  for (const Form& form : kForms) {
    if (has_file(folder, form.train.images)) return &form;
  }
  return nullptr;
}

// The lines of classes.txt; empty without that file.
Result<std::vector<std::string>> class_names(const std::string& folder) {
  std::vector<std::string> names;
  if (!has_file(folder, "classes.txt")) return names;
  std::string path = (fs::path(folder) / "classes.txt").string();
  BURIN_ASSIGN(auto file, MappedFile::open(path));
  if (file->bytes().size() > (1 << 20)) return fail(path, "more than 1 MiB of class names");
  std::string text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string name = text.substr(at, end - at);
    if (name.ends_with('\r')) name.pop_back();
    names.push_back(std::move(name));
    at = end + 1;
  }
  if (names.empty()) return fail(path, "no class names", "write one a line, or remove the file");
  return names;
}

Result<std::unique_ptr<Dataset>> open_part(const std::string& folder, const Form& form,
                                           const Form::Part& part,
                                           const std::vector<std::string>& classes) {
  BURIN_ASSIGN(Tensor images, form.read_images((fs::path(folder) / part.images).string()));
  BURIN_ASSIGN(Tensor labels, form.read_labels((fs::path(folder) / part.labels).string()));
  return make_array_dataset((fs::path(folder) / part.images).string(), std::move(images), labels,
                            classes);
}

}  // namespace

bool has_array_form(const std::string& folder) { return form_of(folder) != nullptr; }

Result<OpenedDataset> open_arrays(const std::string& folder) {
  const Form& form = *form_of(folder);
  BURIN_ASSIGN(std::vector<std::string> classes, class_names(folder));
  OpenedDataset opened;
  BURIN_ASSIGN(opened.train, open_part(folder, form, form.train, classes));
  if (has_file(folder, form.test.images)) {
    BURIN_ASSIGN(opened.test, open_part(folder, form, form.test, opened.train->classes()));
  }
  return opened;
}

}  // namespace burin::data
