// What ops cost beside memory.
#pragma once

#include "graph/op.h"

namespace burin::lower {

// Whether an elementwise op takes a polynomial or more.
bool costs_much(graph::Op op);

}  // namespace burin::lower
