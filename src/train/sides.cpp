#include "train/sides.h"

#include <algorithm>

namespace burin::train {

namespace {

double area_of(int64_t side) { return side == 0 ? 1 : static_cast<double>(side * side); }

}  // namespace

int64_t side_of_epoch(const std::vector<int64_t>& sides, int64_t epoch, int64_t epochs) {
  if (sides.empty()) return 0;
  auto count = static_cast<int64_t>(sides.size());
  int64_t each = std::max<int64_t>(1, epochs / count);
  return sides[static_cast<size_t>(std::min(epoch / each, count - 1))];
}

double work_left(const std::vector<int64_t>& sides, int64_t step, int64_t batches, int64_t epochs) {
  double work = 0;
  for (int64_t epoch = step / batches; epoch < epochs; ++epoch) {
    int64_t left = batches - std::max<int64_t>(0, step - epoch * batches);
    double share = static_cast<double>(left) / static_cast<double>(batches);
    work += share * area_of(side_of_epoch(sides, epoch, epochs));
  }
  return work;
}

}  // namespace burin::train
