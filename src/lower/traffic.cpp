// Elements under each view, equal views counted once.
#include "lower/traffic.h"

#include <algorithm>

namespace burin::lower {

namespace {

class Traffic {
 public:
  explicit Traffic(int pointers) : bytes_(static_cast<size_t>(pointers), 0.0) {}

  void add(const View& view, const Dims& sizes) {
    auto equal = [&](const View& v) {
      return v.pointer == view.pointer && v.offset == view.offset && v.strides == view.strides;
    };
    if (std::any_of(seen_.begin(), seen_.end(), equal)) return;
    seen_.push_back(view);
    bytes_[static_cast<size_t>(view.pointer)] +=
        static_cast<double>(elements_touched(view, sizes) * size_of(view.dtype));
  }

  std::vector<double> take() { return std::move(bytes_); }

 private:
  std::vector<double> bytes_;
  std::vector<View> seen_;
};

// The part of each axis of operand 0 that is read at all: strides wider than the window skip some.
Dims read_sizes(const DenseJob& job) {
  const graph::Node& node = (*job.graph)[job.node];
  Dims sizes = job.graph->type(node.operands[0]).shape.dims();
  if (node.op != graph::Op::convolution) return sizes;
  const auto& attr = std::get<graph::ConvAttr>(node.attr);
  const Shape& w = job.graph->type(node.operands[1]).shape;
  for (size_t i = 0; i < attr.stride.size(); ++i) {
    sizes[i + 1] = std::min(sizes[i + 1], node.type.shape[i + 1] * w[i]);
  }
  return sizes;
}

}  // namespace

std::vector<double> traffic_of(const Fused& fused, const Dims& space) {
  Traffic traffic(static_cast<int>(fused.buffers.size()));
  for (const View& view : fused.expr.views) traffic.add(view, space);
  for (const View& view : fused.outputs) traffic.add(view, space);
  return traffic.take();
}

std::vector<double> traffic_of(const DenseJob& job) {
  const graph::Node& node = (*job.graph)[job.node];
  Traffic traffic(job.pointers);
  for (size_t i = 0; i < job.operands.size(); ++i) {
    if (job.operands[i].weights) continue;
    const Dims sizes = i == 0 ? read_sizes(job) : job.graph->type(node.operands[i]).shape.dims();
    traffic.add(job.operands[i].view, sizes);
    if (!job.operands[i].made) continue;
    for (const View& view : job.operands[i].made->views) traffic.add(view, {sizes.back()});
  }
  for (const View& view : job.epilogue.views) traffic.add(view, node.type.shape.dims());
  for (const View& view : job.outputs) traffic.add(view, node.type.shape.dims());
  for (const View& view : job.sums) traffic.add(view, node.type.shape.dims());
  return traffic.take();
}

}  // namespace burin::lower
