// The least offset of a pointer's views, rounded down.
#include "lower/bases.h"

#include <algorithm>
#include <limits>
#include <span>

#include "lower/memory_plan.h"

namespace burin::lower {

namespace {

void add_views(std::vector<View>& views, std::vector<View*>& to) {
  for (View& view : views) to.push_back(&view);
}

std::vector<int64_t> move_bases(std::span<View* const> views, int pointers) {
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  std::vector<int64_t> moved(static_cast<size_t>(pointers), kNone);
  for (const View* view : views) {
    int64_t& least = moved[static_cast<size_t>(view->pointer)];
    least = std::min(least, view->offset * size_of(view->dtype));
  }
  for (int64_t& bytes : moved) {
    bytes = bytes == kNone ? 0 : std::max<int64_t>(bytes, 0) / kBufferAlignment * kBufferAlignment;
  }
  for (View* view : views) {
    view->offset -= moved[static_cast<size_t>(view->pointer)] / size_of(view->dtype);
  }
  return moved;
}

}  // namespace

std::vector<int64_t> move_bases(DenseJob& job) {
  std::vector<View*> views;
  add_views(job.epilogue.views, views);
  add_views(job.outputs, views);
  add_views(job.sums, views);
  for (DenseOperand& operand : job.operands) {
    if (operand.weights) continue;
    views.push_back(&operand.view);
    if (operand.made) add_views(operand.made->views, views);
  }
  return move_bases(views, job.pointers);
}

std::vector<int64_t> move_bases(FusedJob& job) {
  std::vector<View*> views;
  add_views(job.expr.views, views);
  add_views(job.outputs, views);
  return move_bases(views, job.pointers);
}

}  // namespace burin::lower
