// Lanes go through as many lines as there are lanes, and the innermost loop through the elements of
// those lines. What lies between belongs to the same rows of what is read. A long innermost axis is
// cut into lines, outermost, so that what is written comes in rows as well. Around it all an axis
// is cut into stretches whose pages the processor can keep in mind: else a large transpose looks up
// an address for each line.
#include "lower/kernels/turned.h"

#include <algorithm>
#include <cstdlib>

#include "lower/kernels/machine_model.h"
#include "lower/kernels/views.h"

namespace burin::lower {

namespace {

constexpr int64_t kFewestLanes = 64;  // along the axis that is written along
// Of a stretch: of lanes, of what lies between; and bytes of a value that need none.
constexpr int64_t kMostStretchLanes = 512, kMostStretch = 64, kFewPages = 1 << 20;

// The largest part of `size` that is a multiple of `step` and at most `most`; `size` if none is.
int64_t stretch_of(int64_t size, int64_t step, int64_t most) {
  for (int64_t part = most; part >= step; part -= step) {
    if (size % part == 0) return part;
  }
  return size;
}

// The stride of a view that is contiguous along `last`, in either direction, for the order of the
// axes in between.
int64_t stride_read(const FusedJob& job, size_t axis, size_t last) {
  for (const View& view : job.expr.views) {
    if (std::abs(view.strides[last]) == 1) return view.strides[axis];
  }
  return 0;
}

// Whether at least as many views stride along the lanes as are read along them. What is read along
// them comes in short pieces where the loops are turned.
bool mostly_strided(const FusedJob& job, size_t lane) {
  int64_t strided = 0, along = 0, points = Shape(job.space).elements();
  for (const View& view : job.expr.views) {
    if (4 * elements_touched(view, job.space) < points || view.strides[lane] == 0) continue;
    ++(view.strides[lane] == 1 ? along : strided);
  }
  return strided >= along;
}

}  // namespace

size_t contiguous_axis(const FusedJob& job, size_t lane_axis) {
  std::vector<int> votes(job.space.size(), 0);
  for (const View& view : job.expr.views) {
    if (view.strides[lane_axis] == 0 || view.strides[lane_axis] == 1) continue;
    for (size_t a = 0; a < votes.size(); ++a) {
      if (a != lane_axis && std::abs(view.strides[a]) == 1 && job.space[a] > 1) ++votes[a];
    }
  }
  auto best = std::max_element(votes.begin(), votes.end());
  return *best > 0 ? static_cast<size_t>(best - votes.begin()) : lane_axis;
}

std::optional<Turned> turn(const FusedJob& job) {
  // Smaller ones stay in the first-level cache anyway.
  bool large = Shape(job.space).elements() * kF32Bytes > job.machine->l1_bytes;
  if (job.space.size() < 2 || !large) return std::nullopt;
  size_t lane = job.space.size() - 1, last = contiguous_axis(job, lane);
  if (last == lane || job.space[lane] < kFewestLanes) return std::nullopt;
  if (!mostly_strided(job, lane)) return std::nullopt;
  std::vector<size_t> between;
  for (size_t a = 0; a < lane; ++a) {
    if (a != last) between.push_back(a);
  }
  std::stable_sort(between.begin(), between.end(), [&](size_t a, size_t c) {
    return stride_read(job, a, last) > stride_read(job, c, last);
  });
  Turned turned{job, 0};
  std::vector<AxisSource> axes;
  Dims sizes;
  auto add = [&](size_t axis, int64_t size, int64_t step) {
    axes.push_back({static_cast<int>(axis), step});
    sizes.push_back(size);
  };
  bool lines = job.space[last] > kLineFloats && job.space[last] % kLineFloats == 0;
  bool many_pages = Shape(job.space).elements() * kF32Bytes > kFewPages;
  size_t cut = between.empty() ? lane : between.back();
  int64_t stretch = job.space[cut];
  if (many_pages) {
    stretch = cut == lane ? stretch_of(stretch, kLineFloats, kMostStretchLanes)
                          : stretch_of(stretch, 1, kMostStretch);
  }
  if (stretch < job.space[cut]) add(cut, job.space[cut] / stretch, stretch);
  auto size_inside = [&](size_t axis) { return axis == cut ? stretch : job.space[axis]; };
  if (lines) add(last, job.space[last] / kLineFloats, kLineFloats);
  turned.lane_axis = sizes.size();
  add(lane, size_inside(lane), 1);
  for (size_t a : between) add(a, size_inside(a), 1);
  add(last, lines ? kLineFloats : job.space[last], 1);
  turned.job.expr = remap(job.expr, axes);
  for (View& view : turned.job.outputs) {
    view = remap(view, axes);
    view.streams = false;  // lines here and there
  }
  turned.job.space = std::move(sizes);
  turned.job.reduced.assign(turned.job.space.size(), false);
  return turned;
}

}  // namespace burin::lower
