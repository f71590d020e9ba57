// Presets, and names and ranges of the single options.
#include "cli/augment_options.h"

#include <algorithm>
#include <array>

namespace burin::cli {

namespace {

struct Preset {
  const char* name;
  data::Augmentation pictures;
  double mixup = 0;
};

const std::array<Preset, 3>& presets() {
  static const std::array<Preset, 3> kPresets = {{
      {"none", {}},
      {"light", {.flip = true, .min_area = 0.8, .brightness = 0.1, .contrast = 0.1}},
      {"strong",
       {.flip = true,
        .min_area = 0.5,
        .rotation = 10,
        .brightness = 0.2,
        .contrast = 0.2,
        .saturation = 0.2,
        .cutout = 0.25},
       0.2},
  }};
  return kPresets;
}

const Preset& preset_of(const std::string& name) {
  auto found = std::ranges::find(presets(), name, &Preset::name);
  return found == presets().end() ? presets().front() : *found;
}

}  // namespace

void AugmentOptions::add(CLI::App& verb) {
  const char* group = "Augmentation";
  auto number = [&](const char* name, double& field, const char* what, double low, double high) {
    verb.add_option(name, field, what)->check(CLI::Range(low, high))->group(group);
  };
  verb.add_option("--augment", preset,
                  "random changes to training pictures: none, light (flip, crop, light) or strong "
                  "(more of it, rotation, colour, cutout, mixup); the options below go over it")
      ->check(CLI::IsMember({"none", "light", "strong"}))
      ->capture_default_str()
      ->group(group);
  verb.add_flag_callback(
          "--flip", [this] { flip = 1; }, "mirror half of the pictures")
      ->group(group);
  verb.add_flag_callback(
          "--no-flip", [this] { flip = 0; }, "mirror none")
      ->group(group);
  verb.add_option("--shift", shift, "move by up to so many pixels")
      ->check(CLI::Range(0, 1000))
      ->group(group);
  number("--crop", crop, "crop to this share of the area at least", 0.01, 1);
  number("--rotate", rotate, "turn by up to so many degrees either way", 0, 180);
  number("--brightness", brightness, "change by up to this share either way", 0, 1);
  number("--contrast", contrast, "likewise", 0, 1);
  number("--saturation", saturation, "likewise", 0, 1);
  number("--cutout", cutout, "blank a square of this share of the shorter side", 0, 1);
  number("--mixup", mixup, "mix pairs of pictures and their labels, shares from Beta(x, x)", 0,
         1000);
}

data::Augmentation AugmentOptions::pictures() const {
  data::Augmentation a = preset_of(preset).pictures;
  if (flip >= 0) a.flip = flip != 0;
  if (shift >= 0) a.shift = shift;
  auto take = [](double given, double& field) { field = given >= 0 ? given : field; };
  take(crop, a.min_area), take(rotate, a.rotation), take(brightness, a.brightness);
  take(contrast, a.contrast), take(saturation, a.saturation), take(cutout, a.cutout);
  return a;
}

double AugmentOptions::mixup_alpha() const { return mixup >= 0 ? mixup : preset_of(preset).mixup; }

}  // namespace burin::cli
