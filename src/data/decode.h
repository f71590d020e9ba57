// The two decoders behind data/image.h, on libturbojpeg and libspng.
#pragma once

#include "data/image.h"

namespace burin::data {

Result<Image> decode_jpeg(std::span<const uint8_t> bytes, const std::string& name);
Result<Image> decode_png(std::span<const uint8_t> bytes, const std::string& name);

// An empty image of the size, or an error if it is absurd.
Result<Image> make_image(int64_t width, int64_t height, const std::string& name);

}  // namespace burin::data
