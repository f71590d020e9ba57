// Photos to pixels: JPEG, PNG and WebP files of any kind to 8-bit RGB, and pixels to a network's
// input. Files are hostile: sizes are bounded before memory is taken, and broken files are errors.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "tensor/tensor.h"

namespace burin::data {

// Rows of interleaved R, G, B bytes, top to bottom.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;
};

// The most pixels an image may have (a 10,000 x 10,000 photo).
inline constexpr int64_t kMaxPixels = 100'000'000;
inline constexpr int64_t kMaxSide = 65'535;

struct DecodeOptions {
  // If set, the decoder may shrink the image as long as it stays at least this large.
  int wanted_width = 0;
  int wanted_height = 0;
  int64_t max_pixels = kMaxPixels;  // of the file, before shrinking
};

// Decodes by content, not by name: JPEG (grey, RGB, YCbCr, CMYK), PNG (any colour type) or still
// WebP; alpha is dropped over black. A file that ends early is broken, not half an image. Errors
// name the file and the reason.
Result<Image> read_image(const std::string& path, const DecodeOptions& options = {});
Result<Image> decode_image(std::span<const uint8_t> bytes, const std::string& name,
                           const DecodeOptions& options = {});

// Bilinear with an area filter when shrinking, so that no pixel of the source is skipped.
Image resize(const Image& image, int width, int height);

// How bytes become numbers: (byte / 255 - mean) / deviation per channel.
struct Normalisation {
  std::array<float, 3> mean = {0, 0, 0};
  std::array<float, 3> deviation = {1, 1, 1};
};
// "unit" (0 to 1), "signed" (-1 to 1, as TensorFlow's networks take it), "imagenet" (torchvision's
// mean and deviation) or "none" (0 to 255).
Result<Normalisation> normalisation_from_name(const std::string& name);

// f32 [1, channels, height, width] for a network: channels 3, or 1 for luma (ITU-R BT.601).
Tensor to_tensor(const Image& image, int channels, const Normalisation& normalisation);

}  // namespace burin::data
