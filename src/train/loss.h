// Losses as graph nodes: one row a loss. In: a network's scores and the labels of a batch. Out: one
// loss per sample; a step takes their mean. Gradients come from autodiff/differentiate.h.
#pragma once

#include <span>
#include <string_view>

#include "ops/value.h"

namespace burin::train {

using ops::Value;

struct LossOptions {
  double label_smoothing = 0;  // cross_entropy: targets t become t (1 - s) + s / classes
  double delta = 1;            // huber: where the parabola becomes a line
};

struct Loss {
  std::string_view name;
  std::string_view formula;  // of one sample, from scores x and targets t
  // x and t are float[N, ...] of one shape; the result is [N].
  Value (*build)(Value x, Value t, const LossOptions& options);
};

std::span<const Loss> all_losses();
// Null if there is none of this name.
const Loss* find_loss(std::string_view name);

// Labels as targets of the scores' type. Float labels of the scores' shape are targets already;
// shares of two classes [N, 2] are, for scores [N, 1], the second one's.
// Integers [N, ...] are classes: one-hot along axis 1 of scores [N, C, ...], or 0 and 1 where C is
// 1; a label outside [0, C) is no class. Throws BuildError where the shapes do not go together.
Value to_targets(Value scores, Value labels);

// The loss of each sample, f32[N].
Value sample_losses(const Loss& loss, Value scores, Value labels, const LossOptions& options);

}  // namespace burin::train
