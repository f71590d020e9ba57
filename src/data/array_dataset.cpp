// Pictures that lie in one tensor, in memory or mapped.
#include <algorithm>
#include <cmath>

#include "data/decode.h"
#include "data/forms.h"

namespace burin::data {

namespace {

constexpr int64_t kMaxClasses = 65536;

class ArrayDataset final : public Dataset {
 public:
  // Images [N, C, H, W].
  ArrayDataset(std::string where, Tensor images, std::vector<int> labels,
               std::vector<std::string> classes)
      : where_(std::move(where)), images_(std::move(images)) {
    labels_ = std::move(labels);
    classes_ = std::move(classes);
  }

  std::string name(int64_t item) const override { return "image " + std::to_string(item); }
  int channels() const override { return static_cast<int>(images_.shape()[1]); }
  int height() const override { return static_cast<int>(images_.shape()[2]); }
  int width() const override { return static_cast<int>(images_.shape()[3]); }
  Result<Pixels> load(int64_t item, const DecodeOptions&) const override {
    Pixels pixels{width(), height(), channels(), {}, {}};
    if (images_.dtype() == DType::u8) {
      interleave<uint8_t>(item, pixels.bytes);
      return pixels;
    }
    interleave<float>(item, pixels.floats);
    if (std::ranges::all_of(pixels.floats, [](float x) { return std::isfinite(x); })) return pixels;
    return fail(where_ + ", " + name(item), "a value that is not finite");
  }

 private:
  // The item's planes -> rows of interleaved channels.
  template <class T>
  void interleave(int64_t item, std::vector<T>& out) const {
    auto channels = static_cast<size_t>(this->channels());
    size_t plane = static_cast<size_t>(width()) * static_cast<size_t>(height());
    std::vector<T> planes(channels * plane);
    std::memcpy(planes.data(),
                images_.data() + static_cast<size_t>(item) * planes.size() * sizeof(T),
                planes.size() * sizeof(T));
    if (channels == 1) return void(out = std::move(planes));
    out.resize(planes.size());
    for (size_t i = 0; i < plane; ++i) {
      for (size_t c = 0; c < 3; ++c) out[i * 3 + c] = planes[c * plane + i];
    }
  }

  std::string where_;
  Tensor images_;
};

Result<Tensor> as_nchw(const std::string& where, const Tensor& images) {
  if (images.dtype() != DType::u8 && images.dtype() != DType::f32) {
    return fail(where, "images of type " + std::string(name_of(images.dtype())),
                "images are u8 (0 to 255) or f32 (0 to 1)");
  }
  const Shape& s = images.shape();
  if (s.rank() != 3 && s.rank() != 4) {
    return fail(where, "images of shape " + s.text(), "images are [N, C, H, W] or [N, H, W]");
  }
  Shape nchw = s.rank() == 4 ? s : Shape({s[0], 1, s[1], s[2]});
  if (nchw[1] != 1 && nchw[1] != 3) {
    return fail(where, std::to_string(nchw[1]) + " channels in images of shape " + s.text(),
                "images are [N, C, H, W] with C = 1 or 3");
  }
  BURIN_TRY(check_size(nchw[3], nchw[2], where, {}));
  return images.reshaped(nchw);
}

Result<std::vector<int>> checked_labels(const std::string& where, const Tensor& labels,
                                        int64_t classes) {
  if (!is_integer(labels.dtype()) || labels.shape().rank() != 1) {
    return fail(where, "labels of type " + labels.type().text(), "labels are integers [N]");
  }
  std::vector<int> out;
  for (int64_t i = 0; i < labels.elements(); ++i) {
    int64_t label = labels.as_int(i);
    if (label < 0 || label >= classes) {
      return fail(where, "image " + std::to_string(i) + " has label " + std::to_string(label),
                  "labels are 0 to " + std::to_string(classes - 1));
    }
    out.push_back(static_cast<int>(label));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Dataset>> make_array_dataset(const std::string& where, Tensor images,
                                                    const Tensor& labels,
                                                    std::vector<std::string> classes) {
  BURIN_ASSIGN(images, as_nchw(where, images));
  int64_t limit = classes.empty() ? kMaxClasses : static_cast<int64_t>(classes.size());
  BURIN_ASSIGN(std::vector<int> indices, checked_labels(where, labels, limit));
  if (images.shape()[0] != labels.elements()) {
    return fail(where,
                std::to_string(images.shape()[0]) + " images but " +
                    std::to_string(labels.elements()) + " labels",
                "each image needs one label");
  }
  if (indices.empty()) return fail(where, "no images here", "give at least one of each class");
  if (classes.empty()) {
    for (int c = 0; c <= std::ranges::max(indices); ++c) classes.push_back(std::to_string(c));
  }
  return std::make_unique<ArrayDataset>(where, std::move(images), std::move(indices),
                                        std::move(classes));
}

}  // namespace burin::data
