// A picture and what was drawn for it become floats of a batch in one pass over its rows: crop,
// flip, scale, rotation, colour, normalisation, layout.
#pragma once

#include <vector>

#include "data/augment.h"
#include "data/image.h"
#include "data/pixels.h"
#include "data/resample.h"

namespace burin::data {

enum class Layout { nhwc, nchw };

// What a network expects of one item.
struct PictureFormat {
  int width = 0;
  int height = 0;
  int channels = 3;  // 1 (luma, ITU-R BT.601) or 3; grey pictures have three equal channels
  Layout layout = Layout::nhwc;
  Normalisation normalisation;

  int64_t elements() const { return int64_t{1} * width * height * channels; }
};

// Keeps its scratch memory from picture to picture; one for each thread.
class Renderer {
 public:
  explicit Renderer(const PictureFormat& format);

  // Writes format.elements() floats. The picture is stretched to the format's shape; colours that
  // are changed are clipped to 0 to 1 before they are normalised.
  void render(const Pixels& pixels, const Transform& transform, float* out);

 private:
  // value -> gain * value + luma_gain * luma + offset, clipped, in 0 to 1.
  struct Colour {
    bool changes = false;
    float unit = 1;  // 1 / 255 for bytes
    float gain = 1, luma_gain = 0, offset = 0;
  };

  static Colour colour_of(const Pixels& pixels, const Transform& transform);
  void resample(const Pixels& pixels, int y, float* out);
  void make_upright(const Pixels& pixels);
  void rotate_row(int channels, double radians, int y, float* out) const;
  void finish_row(const Colour& colour, int channels, int y, float* out);
  void change_colour(const Colour& colour, float* row) const;
  void cut_out(const Transform& transform, float* out) const;

  PictureFormat format_;
  // The normalisation of a row as one multiplication and addition an element.
  std::vector<float> scale_, bias_;
  Resampler resampler_;
  std::vector<float> row_, mapped_, normal_, upright_;
};

}  // namespace burin::data
