// Divides long reductions with few results into two steps, so that they have tiles to share: parts
// of the first reduced axis, then the parts. So it does with shorter ones whose results lie side by
// side, as the means of an image's channels: a thread then reduces what it has written, where each
// channel as a whole takes it through what the others wrote. Those that points of the operand wait
// for, as in a norm, stay whole: one kernel does both. The division depends on shapes only. Expects
// the other passes to have run: simplification would join the steps again.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph split_reductions(const graph::Graph& graph);

}  // namespace burin::passes
