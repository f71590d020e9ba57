// The order in which a program's tiles run. Steps that pass large tensors on run slice by slice
// (runtime/bands.h), and some tiles run before all of the stage in front is done: those that touch
// nothing that another share's tiles of the last few stages do. Most kernels read what their own
// share has just written and a little of its neighbour, so threads seldom wait for each other.
#pragma once

#include <vector>

#include "runtime/bands.h"
#include "runtime/program.h"
#include "runtime/stage.h"

namespace burin::runtime {

// A share may be ahead of another by so many stages, and with a step of one tile by so many:
// chains of those run side by side (runtime/single_tiles.h).
inline constexpr int64_t kMostLag = 40, kMostLagOfSingle = 512;

// The stages of a program for `shares` shares: one for each step, or for each slice of one in a
// band. Steps that do not tell what they touch have no early tiles, nor have those behind them.
std::vector<Stage> plan_stages(const Program& program, int shares);

}  // namespace burin::runtime
