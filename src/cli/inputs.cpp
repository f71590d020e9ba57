// Matching files to inputs, reading them, and making up the rest.
#include "cli/inputs.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "base/rng.h"
#include "data/idx.h"
#include "data/image.h"
#include "data/render.h"
#include "onnx/tensor_file.h"
#include "tensor/npy.h"
#include "train/classifier_notes.h"

namespace burin::cli {

namespace {

using onnx::ValueInfo;

std::string extension_of(const std::string& path) {
  std::string ext = std::filesystem::path(path).extension().string();
  std::transform(ext.begin(), ext.end(), ext.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return ext;
}

Result<Dims> parse_dims(const std::string& text) {
  Dims dims;
  size_t start = 0;
  while (start <= text.size()) {
    size_t end = std::min(text.find('x', start), text.size());
    std::string part = text.substr(start, end - start);
    if (part.empty() || part.size() > 12 || part.find_first_not_of("0123456789") != part.npos) {
      return fail("--shape", "'" + text + "' is not a shape", "write NAME=1x3x224x224");
    }
    dims.push_back(std::stoll(part));
    start = end + 1;
  }
  return dims;
}

// Shapes by the input's name, as --shape gives them.
using GivenShapes = std::map<std::string, Shape, std::less<>>;

Result<GivenShapes> given_shapes(const std::vector<const ValueInfo*>& infos,
                                 const InputOptions& options) {
  std::string names;
  for (const ValueInfo* info : infos) names += (names.empty() ? "'" : ", '") + info->name + "'";
  GivenShapes given;
  for (const std::string& text : options.shapes) {
    size_t equals = text.find('=');
    if (equals == text.npos)
      return fail("--shape", "'" + text + "' has no '='", "write NAME=1x3x8");
    std::string name = text.substr(0, equals);
    if (std::ranges::find(infos, name, &ValueInfo::name) == infos.end()) {
      return fail("--shape", "the model has no input '" + name + "'",
                  names.empty() ? "it has none" : "it has " + names);
    }
    BURIN_ASSIGN(Dims dims, parse_dims(text.substr(equals + 1)));
    BURIN_ASSIGN(Shape shape, check_shape(dims));
    if (!given.emplace(name, std::move(shape)).second) {
      return fail("--shape", "input '" + name + "' has two shapes", "give one");
    }
  }
  return given;
}

// The input's shape: from --shape, else the model's with 1 for open dimensions.
Result<TensorType> type_of(const ValueInfo& info, const GivenShapes& given) {
  if (!info.dtype) return fail(info.name, info.problem);
  if (auto found = given.find(info.name); found != given.end()) {
    return TensorType{*info.dtype, found->second};
  }
  if (!info.dims) {
    return fail(info.name, "the model does not say the rank of this input",
                "give it: --shape " + info.name + "=1x3x224x224");
  }
  Dims dims;
  for (const onnx::Dim& d : *info.dims) dims.push_back(d.size.value_or(1));
  auto shape = check_shape(dims);
  if (!shape) return fail(info.name, shape.error().reason);
  return TensorType{*info.dtype, *shape};
}

// What a photo becomes for an input of this type, by the input's shape alone. Where the shape is
// open, and not given, the photo keeps its size.
Result<data::PictureFormat> format_of(const std::string& path, const ValueInfo& info,
                                      const TensorType& type, bool shape_given) {
  auto is_channels = [](int64_t n) { return n == 1 || n == 3; };
  const Shape& s = type.shape;
  if (s.rank() != 4 || type.dtype != DType::f32 || (!is_channels(s[1]) && !is_channels(s[3]))) {
    return fail(info.name, "takes " + type.text() + ", not an image",
                "give a .npy or .pb file of that type");
  }
  bool last = !is_channels(s[1]);
  int64_t height = last ? s[1] : s[2], width = last ? s[2] : s[3];
  if (!shape_given && info.dims && !(*info.dims)[last ? 1 : 2].size) {
    BURIN_ASSIGN(data::Image image, data::read_image(path));
    height = image.height, width = image.width;
  }
  if (height > 1 << 14 || width > 1 << 14) return fail(info.name, "expects an absurd image size");
  return data::PictureFormat{static_cast<int>(width),
                             static_cast<int>(height),
                             static_cast<int>(last ? s[3] : s[1]),
                             last ? data::Layout::nhwc : data::Layout::nchw,
                             {}};
}

// One photo as training would read it. `trained`: what the network was trained with, if it says so.
Result<Tensor> read_photo(const std::string& path, const ValueInfo& info, TensorType type,
                          bool shape_given, const std::string& normalise,
                          const std::optional<data::PictureFormat>& trained) {
  data::PictureFormat format;
  if (trained && trained->elements() == type.shape.elements()) {
    format = *trained;
  } else {
    BURIN_ASSIGN(format, format_of(path, info, type, shape_given));
    Dims dims = {1, format.channels, format.height, format.width};
    if (format.layout == data::Layout::nhwc)
      dims = {1, format.height, format.width, format.channels};
    type.shape = Shape(dims);
  }
  if (!normalise.empty()) {
    BURIN_ASSIGN(format.normalisation, data::normalisation_from_name(normalise));
  }
  BURIN_ASSIGN(data::Image image, data::read_image(path, {.wanted_width = format.width,
                                                          .wanted_height = format.height}));
  Tensor tensor(type);
  data::Pixels pixels{image.width, image.height, 3, std::move(image.rgb), {}};
  data::Renderer(format).render(pixels, {}, reinterpret_cast<float*>(tensor.mutable_data()));
  return tensor;
}

// As many images of an IDX file as the input's first dimension asks for.
Result<Tensor> read_images(const std::string& path, const ValueInfo& info, const TensorType& type) {
  int64_t count = type.shape.rank() ? type.shape[0] : 1;
  BURIN_ASSIGN(Tensor images, data::read_idx(path, count));
  if (images.shape().rank() != 3) return fail(path, "holds no images");
  Tensor input = data::images_to_input(images);
  if (!(input.type() == type)) {
    return fail(path, "gives " + input.type().text() + ", but input '" + info.name + "' takes " +
                          type.text());
  }
  return input;
}

// A tensor for one input, of a file of any kind.
Result<Tensor> read_file(const std::string& path, const ValueInfo& info,
                         const InputOptions& options, const GivenShapes& given,
                         const std::optional<data::PictureFormat>& trained) {
  std::string ext = extension_of(path);
  if (ext == ".npy" || ext == ".pb") {
    BURIN_ASSIGN(Tensor tensor, read_tensor(path));
    if (info.dtype && tensor.dtype() != *info.dtype) {
      return fail(path, "holds " + tensor.type().text() + ", but input '" + info.name + "' takes " +
                            info.text());
    }
    return tensor;
  }
  BURIN_ASSIGN(TensorType type, type_of(info, given));
  if (ext == ".gz" || ext == ".idx") return read_images(path, info, type);
  return read_photo(path, info, type, given.contains(info.name), options.normalise, trained);
}

Result<Tensor> read_input(const std::string& path, const ValueInfo& info,
                          const InputOptions& options, const GivenShapes& given,
                          const std::optional<data::PictureFormat>& trained) {
  BURIN_ASSIGN(Tensor tensor, read_file(path, info, options, given, trained));
  auto shape = given.find(info.name);
  if (shape != given.end() && shape->second != tensor.shape()) {
    return fail("--shape",
                "input '" + info.name + "' is " + shape->second.text() + ", but " + path +
                    " gives " + tensor.type().text(),
                "leave out one of the two");
  }
  return tensor;
}

// Which file is whose, in the order of `infos`; empty where there is none.
Result<std::vector<std::string>> assign_files(const std::vector<const ValueInfo*>& infos,
                                              const InputOptions& options) {
  std::vector<std::string> files(infos.size());
  size_t next = 0;
  for (const std::string& text : options.files) {
    size_t equals = text.find('=');
    size_t index = infos.size();
    for (size_t i = 0; equals != text.npos && i < infos.size(); ++i) {
      if (infos[i]->name == text.substr(0, equals)) index = i;
    }
    if (index < infos.size()) {
      files[index] = text.substr(equals + 1);
      continue;
    }
    if (next >= infos.size()) {
      return fail(text, "the model takes only " + std::to_string(infos.size()) + " inputs");
    }
    files[next++] = text;
  }
  return files;
}

}  // namespace

void InputOptions::add_files(CLI::App& verb) {
  verb.add_option("inputs", files,
                  "inputs in the model's order, or NAME=FILE: .npy .pb .jpg .png .webp");
  verb.add_option(
          "--normalise", normalise,
          "images: unit (0 to 1), signed (-1 to 1), imagenet or none (0 to 255) (default: as the "
          "network was trained, else unit)")
      ->check(CLI::IsMember({"unit", "signed", "imagenet", "none"}));
}

void InputOptions::add_shapes(CLI::App& verb) {
  verb.add_option("--shape", shapes, "shape of an input with open dimensions: NAME=8x3x224x224");
}

Result<Tensor> read_tensor(const std::string& path) {
  if (extension_of(path) == ".npy") return read_npy(path);
  BURIN_ASSIGN(onnx::TensorFile file, onnx::read_tensor_file(path));
  return file.tensor;
}

Tensor random_tensor(const TensorType& type, uint64_t seed) {
  Tensor tensor(type);
  Rng rng(seed);
  for (int64_t i = 0, n = tensor.elements(); i < n; ++i) {
    if (is_float(type.dtype)) {
      tensor.set_double(i, rng.normal());
    } else {
      tensor.set_int(i, rng.below(2));
    }
  }
  return tensor;
}

Result<std::vector<driver::InputSpec>> prepare_inputs(const onnx::Model& model,
                                                      const InputOptions& options, uint64_t seed) {
  BURIN_ASSIGN(train::ClassifierNotes notes, train::read_notes(model.metadata));
  auto infos = model.required_inputs();
  BURIN_ASSIGN(auto files, assign_files(infos, options));
  BURIN_ASSIGN(GivenShapes given, given_shapes(infos, options));
  std::vector<driver::InputSpec> specs;
  for (size_t i = 0; i < infos.size(); ++i) {
    driver::InputSpec spec{infos[i]->name, {}, {}};
    if (files[i].empty()) {
      BURIN_ASSIGN(TensorType type, type_of(*infos[i], given));
      if (type.bytes() > int64_t{8} << 30)
        return fail(spec.name, "input " + type.text() + " is too large");
      spec.value = random_tensor(type, seed + i);
    } else {
      BURIN_ASSIGN(spec.value, read_input(files[i], *infos[i], options, given, notes.pictures));
    }
    spec.type = spec.value.type();
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace burin::cli
