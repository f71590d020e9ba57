// Random changes to training pictures. What is drawn for an item depends on (seed, epoch, item)
// alone; data/render.h carries it out.
#pragma once

#include <cstdint>
#include <span>

#include "base/diagnostic.h"
#include "base/rng.h"

namespace burin::data {

// The default changes nothing.
struct Augmentation {
  bool flip = false;      // left and right swapped in half of the pictures
  double min_area = 1;    // crops of min_area to all of the picture, 3:4 to 4:3 of its shape
  int shift = 0;          // moved by up to so many destination pixels; what comes in is black
  double rotation = 0;    // turned by up to so many degrees either way; what comes in is black
  double brightness = 0;  // factors drawn from 1 - x to 1 + x
  double contrast = 0;    // about the picture's mean luma
  double saturation = 0;
  double cutout = 0;  // side of a square set to zero, as a share of the shorter side
};

// Refuses shares outside 0 to 1, a minimal area of 0 and absurd angles and shifts.
Result<void> check_augmentation(const Augmentation& augmentation);

// What was drawn for one item. The default is the whole picture as it is.
struct Transform {
  double left = 0, top = 0, width = 1, height = 1;  // the crop, in shares of the picture
  int shift_x = 0, shift_y = 0;                     // destination pixels
  bool mirrored = false;
  double radians = 0;
  double brightness = 1, contrast = 1, saturation = 1;
  double cut_x = 0, cut_y = 0, cut_side = 0;  // centre and side, in shares of the destination
};

Transform draw_transform(const Augmentation& augmentation, Rng rng);

// Mixup (Zhang et al. 2018) within a batch: row i and row rows - 1 - i become
// weight * own + (1 - weight) * other, pictures and soft labels alike.
void mix_rows(std::span<float> values, int64_t rows, float weight);
// From Beta(alpha, alpha), alpha > 0.
double draw_mixup_weight(double alpha, Rng& rng);

}  // namespace burin::data
