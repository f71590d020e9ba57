// Products with large weights, 1 x 1 convolutions among them, by Strassen's method in Winograd's
// form: both sides are cut into quadrants, and seven products of sums of quadrants do the work of
// eight. The sums of the weights are made while packing, those of the left side by a kernel in
// front, and those of the results behind the sums of each product, where they cost a load and an
// addition per element.
#pragma once

#include "lower/kernels/list.h"

namespace burin::lower {

// What the method cannot do, whether or not it pays.
std::optional<std::string> cannot_strassen(const DenseJob& job);

// The methods of the list (kernels/list.h).
std::optional<std::string> refuse_strassen(const DenseJob& job);
DenseKernels make_strassen(const DenseJob& job);

}  // namespace burin::lower
