// Batches whose labels count classes in another order.
#pragma once

#include <memory>
#include <vector>

#include "train/batches.h"

namespace burin::train {

// Label l becomes class_of[l]; labels without an entry there stay as they are (-1: no sample). The
// labels of `source` must be i64.
std::unique_ptr<BatchSource> relabel(std::unique_ptr<BatchSource> source,
                                     std::vector<int64_t> class_of);

}  // namespace burin::train
