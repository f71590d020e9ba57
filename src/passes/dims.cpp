// Factors two shapes against each other.
#include "passes/dims.h"

namespace burin::passes {

std::vector<AxisGroup> regroup(const Shape& from, const Shape& to) {
  std::vector<AxisGroup> groups;
  int64_t a = 1, b = 1;  // products of the current group
  size_t i = 0, j = 0;
  for (;;) {
    if (a == b && a != 1) a = b = 1;
    while (a == b && i < from.rank() && from[i] == 1) ++i;
    while (a == b && j < to.rank() && to[j] == 1) ++j;
    if (i == from.rank() && j == to.rank()) return groups;
    if (a == 1 && b == 1) groups.emplace_back();
    if (a <= b && i < from.rank()) {
      a *= from[i];
      if (from[i] != 1) groups.back().from.push_back(static_cast<int64_t>(i));
      ++i;
    } else {
      b *= to[j];
      if (to[j] != 1) groups.back().to.push_back(static_cast<int64_t>(j));
      ++j;
    }
  }
}

}  // namespace burin::passes
