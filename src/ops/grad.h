// What the gradient rules share.
#pragma once

#include "graph/grad_def.h"

namespace burin::ops {

using graph::Builder;
using graph::GradArgs;
using graph::NodeId;
using graph::Op;
using graph::RegisterGrad;

// A tensor of zeros, or of ones, like x.
NodeId zeros_like(Builder& b, NodeId x);
NodeId ones_like(Builder& b, NodeId x);

// x where the predicate holds, 0 elsewhere, whatever x is there.
NodeId where(Builder& b, NodeId pred, NodeId x);

// x with its axes in the order that they have in the target: axis i of x is axis axes[i] of it.
NodeId put_axes(Builder& b, NodeId x, const Dims& axes);

// As Builder::pad with zeros, but a negative low or high crops.
NodeId pad_or_crop(Builder& b, NodeId x, const Dims& low, const Dims& high, const Dims& interior);

// Every index below `size`, in row-major order; size has no zero.
std::vector<Dims> indices_below(const Dims& size);

// [first, first + count)
Dims axis_range(size_t first, size_t count);

// The rule of ops whose result does not change between its steps.
std::vector<NodeId> no_gradient(const GradArgs& args);

}  // namespace burin::ops
