// What a row kernel decides before it emits code: which axis the lanes run along, which values
// belong to a row and which to its points, and what each pass over the row computes.
#pragma once

#include <vector>

#include "lower/kernels/fused_job.h"

namespace burin::lower {

struct RowPass {
  std::vector<int> reduces;     // into FusedJob::reduces; none in the pass that stores
  std::vector<bool> needed;     // per node of the expression: computed at the points of this pass
  std::vector<int> row_values;  // nodes of the row that the points use
  int save = -1;                // a node whose values this pass keeps in output 0
};

struct RowPlan {
  FusedJob job;     // axes: those kept, then those reduced; the lane axis last of its class
  size_t kept = 0;  // the first axes
  int lane_axis = -1;
  bool lanes_in_row = false;  // the lane axis is reduced
  std::vector<bool> of_row;   // per node: one value per row
  std::vector<bool> full;     // per output: stored at every point, not once per row
  std::vector<RowPass> passes;
  bool stores_points = false;  // the last pass stores
};

RowPlan plan_row(const FusedJob& job);

}  // namespace burin::lower
