// Steps of one tile cannot be shared, but chains of them that have nothing to do with each other
// can run side by side: the two directions of a recurrent layer, or small branches of a network.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/reach.h"

namespace burin::runtime {

// The share that runs each step of one tile, 0 for other steps: in the order of the program, each
// goes where it begins first, and stays with what it depends on unless another share would begin
// clearly sooner. `seconds`: of each step on one thread.
std::vector<int64_t> place_single_tiles(std::span<const StepReach> steps,
                                        std::span<const double> seconds, int64_t shares);

}  // namespace burin::runtime
