// Still WebP images, lossy or lossless.
#include <webp/decode.h>

#include "data/decode.h"

namespace burin::data {

namespace {

const char* reason_of(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "out of memory";
    case VP8_STATUS_BITSTREAM_ERROR: return "damaged data";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "an unsupported feature";
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA: return "the file ends too early";
    default: return "the decoder gave up";
  }
}

// Decodes into `out` with `channels` bytes a pixel.
VP8StatusCode decode_into(Bytes bytes, const WebPBitstreamFeatures& features, int channels,
                          std::span<uint8_t> out) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return VP8_STATUS_INVALID_PARAM;
  config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {out.data(), features.width * channels, out.size()};
  VP8StatusCode status = WebPDecode(bytes.data(), bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  return status;
}

}  // namespace

Result<Image> decode_webp(Bytes bytes, const std::string& name, const DecodeOptions& options) {
  WebPBitstreamFeatures features;
  VP8StatusCode status = WebPGetFeatures(bytes.data(), bytes.size(), &features);
  if (status != VP8_STATUS_OK) {
    return fail(name, std::string("broken WebP: ") + reason_of(status));
  }
  if (features.has_animation) return fail(name, "an animated WebP", "save one frame as an image");
  BURIN_TRY(check_size(features.width, features.height, name, options));
  Image image = make_image(features.width, features.height);
  std::vector<uint8_t> rgba(features.has_alpha ? image.rgb.size() / 3 * 4 : 0);
  status = features.has_alpha ? decode_into(bytes, features, 4, rgba)
                              : decode_into(bytes, features, 3, image.rgb);
  if (status != VP8_STATUS_OK) {
    return fail(name, std::string("broken WebP: ") + reason_of(status));
  }
  if (features.has_alpha) drop_alpha(rgba, image.rgb);
  return image;
}

}  // namespace burin::data
