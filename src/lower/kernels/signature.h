// Everything that determines the kernels of a dense job, as one line of text: two jobs of the same
// signature get the same code from the same choice. Weights count by their form, not by their
// values.
#pragma once

#include <string>

#include "lower/kernels/list.h"

namespace burin::lower {

std::string signature_of(const DenseJob& job);

}  // namespace burin::lower
