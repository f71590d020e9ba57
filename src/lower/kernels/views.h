// What dense kernels ask about their job, and which of its axes can be walked as one.
#pragma once

#include <optional>
#include <vector>

#include "lower/kernels/list.h"
#include "lower/remap.h"

namespace burin::lower {

// Whether every entry is `value`.
bool all_are(const Dims& dims, int64_t value);

// Whether axes can be walked as one in a list of strides; those of size 1 never hinder.
bool strides_merge(std::span<const int64_t> sizes, std::span<const int64_t> strides);

// What follows the sums: an expression over the result and where its results go.
struct Epilogue {
  Shape shape;  // of the result
  Expr expr;
  std::vector<View> outputs;
  std::vector<View> sums = {};  // as the job's
};
Epilogue epilogue_of(const DenseJob& job);

// The least `first` >= `lowest` such that the axes [first, last] of the result can be walked as
// one: equal steps in every view and in `steps` (of an operand, one per axis of the result), and no
// leaf that asks for the index.
size_t merge_down_to(const Epilogue& fused, size_t last, size_t lowest,
                     std::span<const int64_t> steps);

// The innermost of the axes [first, last] whose size is not 1: the one whose steps count when they
// are walked as one.
size_t innermost_axis(const Shape& shape, size_t first, size_t last);

const graph::Node& node_of(const DenseJob& job);
const Shape& result_shape(const DenseJob& job);
const Shape& operand_shape(const DenseJob& job, size_t operand);

// The view of an operand as a kernel may read it: the operand's own, or row-major over a copy of
// its weights that is added to `kernels` as a constant.
View plain_operand(const DenseJob& job, size_t operand, DenseKernels& kernels);

// uses and writes of a stage whose function has all pointers of the job, then all extras.
void bind_all(const DenseJob& job, const DenseKernels& kernels, DenseStage& stage);

}  // namespace burin::lower
