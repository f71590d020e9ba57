// The kernels that take any job: plain loops over the result and over what is summed, obviously
// right before they are fast. Every other kernel falls back on them, with its reason.
#pragma once

#include "lower/kernels/list.h"

namespace burin::lower {

std::optional<std::string> refuse_reference(const DenseJob& job);  // never refuses
DenseKernels make_reference(const DenseJob& job);

}  // namespace burin::lower
