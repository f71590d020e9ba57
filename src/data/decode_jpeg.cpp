// JPEG, scaled down while decoding when the file is much larger than wanted: the inverse transform
// of an 8 x 8 block then computes fewer pixels.
#include <turbojpeg.h>

#include <memory>

#include "data/decode.h"

namespace burin::data {

namespace {

using Decoder = std::unique_ptr<void, int (*)(tjhandle)>;

// One for each thread: making one costs as much as a small image.
Decoder& decoder_of_thread() {
  thread_local Decoder decoder(nullptr, &tjDestroy);
  if (!decoder) decoder.reset(tjInitDecompress());
  return decoder;
}

// libturbojpeg does not convert CMYK to RGB: Adobe's files store inverted inks.
void cmyk_to_rgb(std::span<const uint8_t> cmyk, std::span<uint8_t> rgb) {
  drop_alpha(cmyk, rgb);  // ink * key / 255, the same formula
}

// The smallest size of 1/8, 2/8 ... 8/8 that is not below the wanted one in either direction.
void scale_down(int& width, int& height, const DecodeOptions& options) {
  if (options.wanted_width <= 0 || options.wanted_height <= 0) return;
  for (int eighths = 1; eighths < 8; ++eighths) {
    tjscalingfactor factor{eighths, 8};
    int w = TJSCALED(width, factor), h = TJSCALED(height, factor);
    if (w >= options.wanted_width && h >= options.wanted_height) {
      width = w, height = h;
      return;
    }
  }
}

// The decoder goes: what a broken file leaves in it would spoil the next picture.
Diagnostic broken(const std::string& name, Decoder& decoder) {
  std::string reason = tjGetErrorStr2(decoder.get());
  decoder.reset();
  return {name, "broken JPEG: " + reason, {}};
}

}  // namespace

Result<Image> decode_jpeg(Bytes bytes, const std::string& name, const DecodeOptions& options) {
  Decoder& decoder = decoder_of_thread();
  if (!decoder) return fail(name, "no JPEG decoder");
  int width = 0, height = 0, subsampling = 0, colourspace = 0;
  auto size = static_cast<unsigned long>(bytes.size());
  if (tjDecompressHeader3(decoder.get(), bytes.data(), size, &width, &height, &subsampling,
                          &colourspace) != 0) {
    return std::unexpected(broken(name, decoder));
  }
  BURIN_TRY(check_size(width, height, name, options));
  scale_down(width, height, options);
  Image image = make_image(width, height);
  bool cmyk = colourspace == TJCS_CMYK || colourspace == TJCS_YCCK;
  std::vector<uint8_t> inks(cmyk ? image.rgb.size() / 3 * 4 : 0);
  uint8_t* out = cmyk ? inks.data() : image.rgb.data();
  // A progressive file may repeat scans without end; warnings are what truncated files give.
  int status = tjDecompress2(decoder.get(), bytes.data(), size, out, width, 0, height,
                             cmyk ? TJPF_CMYK : TJPF_RGB, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS);
  if (status != 0) return std::unexpected(broken(name, decoder));
  if (cmyk) cmyk_to_rgb(inks, image.rgb);
  return image;
}

}  // namespace burin::data
