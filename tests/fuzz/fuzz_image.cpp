// libFuzzer on the image decoders: any bytes give an image no larger than allowed, at least as
// large as wanted, or a one-line Diagnostic. The first byte picks the wanted size. Seeds: small
// JPEG, PNG and WebP files with a byte before them.
#include <algorithm>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "data/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace burin;
  if (size == 0) return 0;
  constexpr int64_t kMaxPixels = 1 << 18;
  data::DecodeOptions options{data[0], data[0], kMaxPixels};
  auto image = data::decode_image(std::span(data + 1, size - 1), "image", options);
  if (!image) {
    BURIN_CHECK(!image.error().reason.empty(), "a diagnostic without a reason");
    BURIN_CHECK(image.error().text().find('\n') == std::string::npos, "several lines");
    return 0;
  }
  int64_t pixels = int64_t{1} * image->width * image->height;
  BURIN_CHECK(pixels > 0 && pixels <= kMaxPixels, "an image of a refused size");
  BURIN_CHECK(static_cast<int64_t>(image->rgb.size()) == pixels * 3, "bytes that are missing");
  return 0;
}
