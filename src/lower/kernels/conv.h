// A convolution whose input is not dilated, apart from the job that asked for it: the form that
// kernels/conv.cpp turns into a contraction.
#pragma once

#include "lower/kernels/contraction.h"

namespace burin::lower {

struct Conv {
  Epilogue fused;  // result [n, spatial..., o]
  Dims input;      // spatial sizes
  Dims window, stride, dilation, low;
  int64_t groups = 1, in = 1, out = 1;  // channels per group
  View x;                               // [n, spatial..., c]
  // [window..., in, groups * out]: weights, or a view of a buffer.
  std::optional<WeightView> weights;
  View w;

  // Whether some tap lies outside the input for some position of spatial axis i.
  bool padded(size_t i) const;
  // How many groups to join so that a vector of channels is full: the others' weights are zero.
  int64_t bundle(int64_t lanes) const;
};

// The convolutions that make the job: one, or one per phase of the output where the input is
// dilated. Position o meets only taps t with o * stride + t * w_dilation - low divisible by
// x_dilation; o and t then each run in steps of their own over inputs that adjoin.
std::vector<Conv> phases_of(const DenseJob& job, DenseKernels& kernels);

// Adds a stage that copies the input with the padding along its last spatial axis written out, and
// makes the convolution read the copy.
void write_out_padding(const DenseJob& job, Conv& conv, DenseKernels& kernels);

}  // namespace burin::lower
