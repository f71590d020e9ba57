// JPEG and PNG decoding with bounded sizes.
#include "data/decode.h"

#include <spng.h>
#include <turbojpeg.h>

#include <algorithm>
#include <memory>

namespace burin::data {

Result<Image> make_image(int64_t width, int64_t height, const std::string& name) {
  if (width <= 0 || height <= 0 || width > kMaxPixels || height > kMaxPixels ||
      width * height > kMaxPixels) {
    return fail(name,
                "image of " + std::to_string(width) + "x" + std::to_string(height) + " pixels",
                "the limit is 100 million pixels");
  }
  Image image{static_cast<int>(width), static_cast<int>(height), {}};
  image.rgb.resize(static_cast<size_t>(width * height * 3));
  return image;
}

namespace {

// libturbojpeg does not convert CMYK to RGB: Adobe's files store inverted inks.
void cmyk_to_rgb(const std::vector<uint8_t>& cmyk, std::vector<uint8_t>& rgb) {
  for (size_t i = 0; i * 4 < cmyk.size(); ++i) {
    for (size_t c = 0; c < 3; ++c) {
      rgb[i * 3 + c] = static_cast<uint8_t>(cmyk[i * 4 + c] * cmyk[i * 4 + 3] / 255);
    }
  }
}

}  // namespace

Result<Image> decode_jpeg(std::span<const uint8_t> bytes, const std::string& name) {
  std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), &tjDestroy);
  if (!decoder) return fail(name, "no JPEG decoder");
  int width = 0, height = 0, subsampling = 0, colourspace = 0;
  auto size = static_cast<unsigned long>(bytes.size());
  if (tjDecompressHeader3(decoder.get(), bytes.data(), size, &width, &height, &subsampling,
                          &colourspace) != 0) {
    return fail(name, std::string("broken JPEG: ") + tjGetErrorStr2(decoder.get()));
  }
  BURIN_ASSIGN(Image image, make_image(width, height, name));
  bool cmyk = colourspace == TJCS_CMYK || colourspace == TJCS_YCCK;
  std::vector<uint8_t> inks(cmyk ? image.rgb.size() / 3 * 4 : 0);
  uint8_t* out = cmyk ? inks.data() : image.rgb.data();
  int status = tjDecompress2(decoder.get(), bytes.data(), size, out, width, 0, height,
                             cmyk ? TJPF_CMYK : TJPF_RGB, TJFLAG_STOPONWARNING);
  if (status != 0) return fail(name, std::string("broken JPEG: ") + tjGetErrorStr2(decoder.get()));
  if (cmyk) cmyk_to_rgb(inks, image.rgb);
  return image;
}

Result<Image> decode_png(std::span<const uint8_t> bytes, const std::string& name) {
  std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> decoder(spng_ctx_new(0), &spng_ctx_free);
  if (!decoder) return fail(name, "no PNG decoder");
  spng_set_crc_action(decoder.get(), SPNG_CRC_ERROR, SPNG_CRC_ERROR);
  spng_set_chunk_limits(decoder.get(), 64 << 20, 64 << 20);
  spng_set_png_buffer(decoder.get(), bytes.data(), bytes.size());
  spng_ihdr header;
  if (int error = spng_get_ihdr(decoder.get(), &header)) {
    return fail(name, std::string("broken PNG: ") + spng_strerror(error));
  }
  BURIN_ASSIGN(Image image, make_image(header.width, header.height, name));
  std::vector<uint8_t> rgba(image.rgb.size() / 3 * 4);
  if (int error = spng_decode_image(decoder.get(), rgba.data(), rgba.size(), SPNG_FMT_RGBA8,
                                    SPNG_DECODE_TRNS)) {
    return fail(name, std::string("broken PNG: ") + spng_strerror(error));
  }
  for (size_t i = 0; i * 4 < rgba.size(); ++i) {
    for (size_t c = 0; c < 3; ++c) {
      image.rgb[i * 3 + c] = static_cast<uint8_t>(rgba[i * 4 + c] * rgba[i * 4 + 3] / 255);
    }
  }
  return image;
}

}  // namespace burin::data
