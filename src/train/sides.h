// Growing pictures: an epoch on small ones costs less and teaches a young network nearly as much.
#pragma once

#include <cstdint>
#include <vector>

namespace burin::train {

// The side of the pictures of an epoch, counted from 0: each of `sides` in turn for an equal share
// of the epochs, the last ones longer where they do not divide. 0 if `sides` is empty.
int64_t side_of_epoch(const std::vector<int64_t>& sides, int64_t epoch, int64_t epochs);

// What remains to be done in `epochs` epochs of `batches` batches each after `step` of the steps,
// in epochs of pictures with a side of 1: the cost of a picture is taken as its area.
double work_left(const std::vector<int64_t>& sides, int64_t step, int64_t batches, int64_t epochs);

}  // namespace burin::train
