// One item of a data set: a picture's pixels as bytes or floats, grey or RGB.
#pragma once

#include <cstdint>
#include <vector>

namespace burin::data {

// Rows of interleaved channels, top to bottom. Either `bytes` or `floats` holds width * height *
// channels values; floats count as byte / 255.
struct Pixels {
  int width = 0;
  int height = 0;
  int channels = 3;  // 1 or 3
  std::vector<uint8_t> bytes;
  std::vector<float> floats;

  int64_t memory() const { return static_cast<int64_t>(bytes.size() + 4 * floats.size()); }
};

}  // namespace burin::data
