// Scaling a window of a picture, row by row: a tent filter as wide as the scale, so that shrinking
// skips no pixel and enlarging is bilinear. Behind data/image.h's resize and data/render.h.
#pragma once

#include <cstdint>
#include <vector>

namespace burin::data {

// Part of one axis of the source, in pixels; may reach beyond it. Pixels outside are black.
struct Window {
  double first = 0;
  double length = 0;
};

// The source pixels and weights of each destination coordinate. Weights sum to 1; there are none
// where the destination pixel's centre lies outside the source.
struct Taps {
  struct Range {
    int first = 0;   // the first source pixel
    int count = 0;   // how many
    int weight = 0;  // their first weight
  };
  std::vector<Range> ranges;
  std::vector<float> weights;
  bool copies = true;    // no range has more than one pixel
  bool in_order = true;  // each has one, the one after that of the range before

  // `from` source pixels, the window of them to be scaled, `to` destination pixels.
  void assign(int from, Window window, int to, bool mirrored);
};

// Scales windows of pictures of interleaved channels (1 or 3) of T, bytes or floats. Keeps its
// memory from use to use; one for each thread.
class Resampler {
 public:
  // Source and destination sizes; `mirrored` swaps left and right.
  void assign(int from_width, int from_height, Window across, Window down, int to_width,
              int to_height, bool mirrored);
  // Destination row y as floats in the source's units; source holds the whole picture.
  template <class T>
  void row(const T* source, int channels, int y, float* out);

 private:
  Taps across_, down_;
  int from_width_ = 0;
  std::vector<float> mixed_;  // the rows of `down` as one
};

extern template void Resampler::row<uint8_t>(const uint8_t*, int, int, float*);
extern template void Resampler::row<float>(const float*, int, int, float*);

}  // namespace burin::data
