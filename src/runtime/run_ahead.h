// Which tiles of a program's steps may run before all of the step in front is done: those that
// touch nothing that another share's tiles of the last few steps do. Most kernels read what their
// own share has just written and a little of its neighbour, so threads seldom wait for each other.
#pragma once

#include <vector>

#include "runtime/program.h"
#include "runtime/stage.h"

namespace burin::runtime {

// A share may be ahead of another by so many steps.
inline constexpr int64_t kMostLag = 3;

// The stage of each step, for `shares` shares. Steps that do not tell what they touch have no early
// tiles, nor have those behind them.
std::vector<Stage> plan_stages(const Program& program, int shares);

}  // namespace burin::runtime
