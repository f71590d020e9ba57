// The decoders behind data/image.h, on libturbojpeg, libspng and libwebp.
#pragma once

#include "data/image.h"

namespace burin::data {

using Bytes = std::span<const uint8_t>;

// May come out smaller than the file, never smaller than options' wanted size.
Result<Image> decode_jpeg(Bytes bytes, const std::string& name, const DecodeOptions& options);
Result<Image> decode_png(Bytes bytes, const std::string& name, const DecodeOptions& options);
Result<Image> decode_webp(Bytes bytes, const std::string& name, const DecodeOptions& options);

// An error if the file's size is absurd; called before memory is taken.
Result<void> check_size(int64_t width, int64_t height, const std::string& name,
                        const DecodeOptions& options);
// An empty image of a checked size.
Image make_image(int width, int height);
// R, G, B, alpha -> R, G, B over black.
void drop_alpha(std::span<const uint8_t> rgba, std::span<uint8_t> rgb);

}  // namespace burin::data
