// ONNX ops that keep the elements in row-major order: Reshape, Flatten, Squeeze, Unsqueeze.
#include <algorithm>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

// 0 copies the input's dimension (unless allowzero), one -1 takes what is left.
void build_reshape(OpContext& c) {
  Value x = input(c, 0);
  Ints dims = c.ints_input(1);
  bool copy_zero = c.attr_int("allowzero", 0) == 0;
  int64_t known = 1;
  std::optional<size_t> free_axis;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && copy_zero) {
      if (i >= x.rank()) refuse("dimension 0 of the shape has no input dimension to copy");
      dims[i] = x.shape()[i];
    }
    if (dims[i] < -1) refuse("a dimension of the shape is " + std::to_string(dims[i]));
    if (dims[i] >= 0) {
      known = product(known, dims[i]);
    } else if (free_axis) {
      refuse("the shape has more than one -1");
    } else {
      free_axis = i;
    }
  }
  int64_t elements = x.shape().elements();
  if (free_axis) {
    if (known == 0 || elements % known != 0) {
      refuse(x.type().text() + " cannot be reshaped: " + std::to_string(known) +
             " does not divide its elements");
    }
    dims[*free_axis] = elements / known;
  }
  c.set_output(0, x.reshape(std::move(dims)));
}
BURIN_ONNX_OP(Reshape, 5, build_reshape);

void build_flatten(OpContext& c) {
  Value x = input(c, 0);
  int64_t axis = c.attr_int("axis", 1);
  auto rank = static_cast<int64_t>(x.rank());
  if (axis < -rank || axis > rank) refuse("axis " + std::to_string(axis) + " is out of range");
  auto split = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  c.set_output(0, x.reshape({x.shape().elements(0, split), x.shape().elements(split, x.rank())}));
}
BURIN_ONNX_OP(Flatten, 1, build_flatten);

void build_squeeze(OpContext& c) {
  Value x = input(c, 0);
  std::optional<Ints> axes = ints_at(c, "axes", 1);
  Ints dims;
  if (axes) *axes = normal_axes(*axes, x.rank());
  for (size_t i = 0; i < x.rank(); ++i) {
    bool named = axes && std::binary_search(axes->begin(), axes->end(), static_cast<int64_t>(i));
    if (named && x.shape()[i] != 1) {
      refuse("axis " + std::to_string(i) + " of " + x.type().text() + " is not of size 1");
    }
    if (axes ? !named : x.shape()[i] != 1) dims.push_back(x.shape()[i]);
  }
  c.set_output(0, x.reshape(std::move(dims)));
}
BURIN_ONNX_OP(Squeeze, 1, build_squeeze);

void build_unsqueeze(OpContext& c) {
  Value x = input(c, 0);
  std::optional<Ints> axes = ints_at(c, "axes", 1);
  if (!axes) refuse("Unsqueeze without axes");
  size_t rank = x.rank() + axes->size();
  if (rank > kMaxRank) refuse("a tensor of rank " + std::to_string(rank));
  Dims dims(rank, 0);
  for (int64_t a : normal_axes(*axes, rank)) dims[static_cast<size_t>(a)] = 1;
  size_t from = 0;
  for (int64_t& d : dims) {
    if (d == 0) d = x.shape()[from++];
  }
  c.set_output(0, x.reshape(std::move(dims)));
}
BURIN_ONNX_OP(Unsqueeze, 1, build_unsqueeze);

}  // namespace

}  // namespace burin::ops
