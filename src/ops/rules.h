// What the rules of the primitives share: refusals that name sizes, checks of axes and attributes,
// and checked size arithmetic. Every check throws graph::BuildError.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>

#include "graph/op_def.h"

namespace burin::ops {

using graph::Array;
using graph::BuildError;
using graph::EvalArgs;
using graph::InferArgs;
using graph::Op;
using graph::RegisterOp;

// Throws BuildError("<op>: <reason>").
[[noreturn]] void refuse(Op op, const std::string& reason, const std::string& hint = {});

// The attribute, which must be of the alternative that the op carries.
template <class A>
const A& attr_of(const InferArgs& args) {
  if (const A* attr = std::get_if<A>(&args.attr)) return *attr;
  refuse(args.op, "carries an attribute of another op");
}

// axis must lie in [0, rank).
void check_axis(Op op, int64_t axis, size_t rank);
// Every entry a distinct axis in [0, rank).
void check_axes(Op op, std::string_view what, std::span<const int64_t> axes, size_t rank);
// One entry per axis.
void check_count(Op op, std::string_view what, const Dims& entries, size_t count);
// Every entry in [least, kMaxElements]: sums of a few of them cannot overflow.
void check_range(Op op, std::string_view what, const Dims& entries, int64_t least);
// Both dtypes equal.
void check_same_dtype(Op op, const TensorType& a, const TensorType& b);
// i32 or i64.
void check_index_dtype(Op op, const TensorType& indices);
// Not pred.
void check_numeric(Op op, const TensorType& x);
// An integer or pred.
void check_bits(Op op, const TensorType& x);

// a + b and a * b, refusing results outside int64.
int64_t size_add(Op op, int64_t a, int64_t b);
int64_t size_mul(Op op, int64_t a, int64_t b);

// How many positions a window of `window` taps, `dilation` apart, takes along an axis of `padded`
// elements in steps of `stride`: floor((padded - ((window-1)*dilation + 1)) / stride) + 1.
// 0 if the axis itself was empty; a window that is larger than the padded axis is refused, and so
// is one that spans more than kMaxElements.
int64_t window_positions(Op op, int64_t size, int64_t padded, int64_t window, int64_t dilation,
                         int64_t stride);

}  // namespace burin::ops
