// Reads the text form of a graph (graph/print.h describes it). Types are inferred again, so what
// parses is well formed: operands precede users, attributes fit, stated types are the inferred
// ones.
#pragma once

#include <string_view>

#include "base/diagnostic.h"
#include "graph/graph.h"

namespace burin::graph {

// `name` stands for the text in errors, which carry "name:line:column". Uses memory in proportion
// to the text only, whatever sizes it claims. Ids may be any unique numbers.
Result<Graph> parse(std::string_view text, std::string_view name = "graph");

}  // namespace burin::graph
