// Kernels that pass a large tensor on, run slice by slice: the first slice of each, then the second
// of each, so that what one kernel wrote or read is still in a cache when the next one wants it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/reach.h"

namespace burin::runtime {

// A band is steps [begin, end). Each of its members is cut into slices of every share's tiles; in
// turn t member m runs its slice t - lag. What is too small to be cut runs before or after.
struct Band {
  struct Member {
    size_t step = 0;
    int64_t lag = 0;
  };
  size_t begin = 0, end = 0;
  std::vector<size_t> before, after;  // in the order of the program, as the members are
  std::vector<Member> members;        // at least two
  int64_t slices = 0;

  int64_t turns() const;
};

// Bands that keep the order of any two tiles that touch the same bytes, one of them writing, for
// `shares` shares. They do not overlap.
std::vector<Band> plan_bands(std::span<const StepReach> steps, int64_t shares,
                             const BandLimits& limits);

}  // namespace burin::runtime
