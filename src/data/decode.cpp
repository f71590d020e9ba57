// What the decoders share, and PNG.
#include "data/decode.h"

#include <spng.h>

#include <algorithm>
#include <memory>

namespace burin::data {

Result<void> check_size(int64_t width, int64_t height, const std::string& name,
                        const DecodeOptions& options) {
  bool sides = width > 0 && height > 0 && width <= kMaxSide && height <= kMaxSide;
  if (sides && width * height <= options.max_pixels) return {};
  return fail(name, "image of " + std::to_string(width) + "x" + std::to_string(height) + " pixels",
              "the limit is " + std::to_string(options.max_pixels) + " pixels, and " +
                  std::to_string(kMaxSide) + " a side");
}

Image make_image(int width, int height) {
  Image image{width, height, {}};
  image.rgb.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  return image;
}

void drop_alpha(std::span<const uint8_t> rgba, std::span<uint8_t> rgb) {
  for (size_t i = 0; i * 4 < rgba.size(); ++i) {
    for (size_t c = 0; c < 3; ++c) {
      rgb[i * 3 + c] = static_cast<uint8_t>(rgba[i * 4 + c] * rgba[i * 4 + 3] / 255);
    }
  }
}

Result<Image> decode_png(Bytes bytes, const std::string& name, const DecodeOptions& options) {
  std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> decoder(spng_ctx_new(0), &spng_ctx_free);
  if (!decoder) return fail(name, "no PNG decoder");
  spng_set_crc_action(decoder.get(), SPNG_CRC_ERROR, SPNG_CRC_ERROR);
  spng_set_chunk_limits(decoder.get(), 64 << 20, 64 << 20);
  spng_set_png_buffer(decoder.get(), bytes.data(), bytes.size());
  spng_ihdr header;
  if (int error = spng_get_ihdr(decoder.get(), &header)) {
    return fail(name, std::string("broken PNG: ") + spng_strerror(error));
  }
  BURIN_TRY(check_size(header.width, header.height, name, options));
  Image image = make_image(static_cast<int>(header.width), static_cast<int>(header.height));
  std::vector<uint8_t> rgba(image.rgb.size() / 3 * 4);
  if (int error = spng_decode_image(decoder.get(), rgba.data(), rgba.size(), SPNG_FMT_RGBA8,
                                    SPNG_DECODE_TRNS)) {
    return fail(name, std::string("broken PNG: ") + spng_strerror(error));
  }
  drop_alpha(rgba, image.rgb);
  return image;
}

}  // namespace burin::data
