// The options of burin train that change pictures at random: a preset, and single ones over it.
#pragma once

#include <string>

#include "cli/common.h"
#include "data/augment.h"

namespace burin::cli {

struct AugmentOptions {
  std::string preset = "none";
  // Negative: as the preset says.
  int flip = -1, shift = -1;
  double crop = -1, rotate = -1, brightness = -1, contrast = -1, saturation = -1, cutout = -1;
  double mixup = -1;

  void add(CLI::App& verb);
  template <class F>
  void each(F&& f) {
    f("augment", preset), f("flip", flip), f("shift", shift), f("crop", crop), f("rotate", rotate);
    f("brightness", brightness), f("contrast", contrast), f("saturation", saturation);
    f("cutout", cutout), f("mixup", mixup);
  }

  data::Augmentation pictures() const;
  double mixup_alpha() const;  // 0 for none
};

}  // namespace burin::cli
