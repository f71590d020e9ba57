// How long a step takes, roughly: enough to tell whether another thread is worth its trouble.
#pragma once

#include <algorithm>

#include "runtime/program.h"

namespace burin::runtime {

// Seconds that a step takes to go from one thread to another.
inline constexpr double kHandOver = 80e-9;

// Seconds of a step on one core that does in a second what cores do at most.
inline double least_seconds(const Step& step) {
  constexpr double kOperations = 2e11, kBytes = 1e11;
  return std::max(step.performed / kOperations, step.bytes / kBytes);
}

}  // namespace burin::runtime
