// The libraries' own encoders.
#include "tests/support/image_files.h"

#include <spng.h>
#include <turbojpeg.h>
#include <webp/encode.h>
#include <zlib.h>

#include <cstdlib>

namespace burin::test {

namespace {

FileBytes jpeg_from(const uint8_t* pixels, int width, int height, int format) {
  tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  tjCompress2(encoder, pixels, width, 0, height, format, &bytes, &size, TJSAMP_444, 95, 0);
  FileBytes out(bytes, bytes + size);
  tjFree(bytes);
  tjDestroy(encoder);
  return out;
}

}  // namespace

FileBytes png_of(const std::vector<uint8_t>& pixels, uint32_t width, uint32_t height,
                 uint8_t colour_type) {
  spng_ctx* encoder = spng_ctx_new(SPNG_CTX_ENCODER);
  spng_set_option(encoder, SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header = {width, height, 8, colour_type, 0, 0, 0};
  spng_set_ihdr(encoder, &header);
  spng_encode_image(encoder, pixels.data(), pixels.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
  size_t size = 0;
  int error = 0;
  auto* bytes = static_cast<uint8_t*>(spng_get_png_buffer(encoder, &size, &error));
  FileBytes out(bytes, bytes + size);
  std::free(bytes);
  spng_ctx_free(encoder);
  return out;
}

FileBytes png_header_of(uint32_t width, uint32_t height) {
  FileBytes png = png_of({1, 2, 3}, 1, 1, SPNG_COLOR_TYPE_TRUECOLOR);
  png.resize(33);  // signature, then length, "IHDR", 13 bytes, checksum
  auto put = [&](size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) png[at + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
  };
  put(16, width), put(20, height);
  put(29, static_cast<uint32_t>(crc32(0, &png[12], 17)));
  return png;
}

FileBytes jpeg_of(const std::vector<uint8_t>& rgb, int width, int height) {
  return jpeg_from(rgb.data(), width, height, TJPF_RGB);
}

FileBytes cmyk_jpeg_of(const std::vector<uint8_t>& inks, int width, int height) {
  return jpeg_from(inks.data(), width, height, TJPF_CMYK);
}

FileBytes webp_of(const std::vector<uint8_t>& pixels, int width, int height, int channels) {
  uint8_t* bytes = nullptr;
  size_t size = channels == 4
                    ? WebPEncodeLosslessRGBA(pixels.data(), width, height, width * 4, &bytes)
                    : WebPEncodeLosslessRGB(pixels.data(), width, height, width * 3, &bytes);
  FileBytes out(bytes, bytes + size);
  WebPFree(bytes);
  return out;
}

std::vector<uint8_t> noise_of(int width, int height) {
  std::vector<uint8_t> noise(static_cast<size_t>(width * height * 3));
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<uint8_t>(i * 7919 >> 3);
  return noise;
}

}  // namespace burin::test
