// Rows that sum up what convolutions make, image by image and channel by channel: batch
// normalisation's mean and variance, and the two sums of its gradient; or line by line, as the
// parts of an image's means (passes/split_reductions.h). The convolution's kernel adds them up
// while it has its values in registers, and nothing is read again.
#pragma once

#include "lower/group.h"

namespace burin::lower {

// Moves such row groups into the dense groups that write what they read: one, or the several that
// each write a part of it.
void join_dense_sums(const graph::Graph& graph, Grouping& grouping);

}  // namespace burin::lower
