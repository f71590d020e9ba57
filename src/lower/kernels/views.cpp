// The small questions that all dense kernels ask about their job.
#include "lower/kernels/views.h"

#include <algorithm>
#include <cstring>

namespace burin::lower {

bool all_are(const Dims& dims, int64_t value) {
  return std::all_of(dims.begin(), dims.end(), [&](int64_t d) { return d == value; });
}

bool strides_merge(std::span<const int64_t> sizes, std::span<const int64_t> strides) {
  int64_t expected = 0;
  bool inner = false;  // an axis inside has been seen
  for (size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 1) continue;
    if (inner && strides[i] != expected) return false;
    expected = strides[i] * sizes[i];
    inner = true;
  }
  return true;
}

namespace {

bool can_merge(const Epilogue& fused, size_t first, size_t last) {
  std::span sizes = std::span(fused.shape.dims()).subspan(first, last - first + 1);
  auto merges = [&](const View& view) {
    return strides_merge(sizes, std::span(view.strides).subspan(first, sizes.size()));
  };
  for (const ExprNode& node : fused.expr.nodes) {
    auto axis = static_cast<size_t>(node.acc);
    if (node.kind == ExprNode::Kind::index && axis >= first && axis <= last) return false;
  }
  return std::all_of(fused.expr.views.begin(), fused.expr.views.end(), merges) &&
         std::all_of(fused.outputs.begin(), fused.outputs.end(), merges) &&
         std::all_of(fused.sums.begin(), fused.sums.end(), merges);
}

}  // namespace

Epilogue epilogue_of(const DenseJob& job) {
  return {result_shape(job), job.epilogue, job.outputs, job.sums};
}

size_t merge_down_to(const Epilogue& fused, size_t last, size_t lowest,
                     std::span<const int64_t> steps) {
  size_t first = last;
  while (first > lowest) {
    size_t next = first - 1, count = last - next + 1;
    std::span sizes = std::span(fused.shape.dims()).subspan(next, count);
    if (!can_merge(fused, next, last) || !strides_merge(sizes, steps.subspan(next, count))) break;
    first = next;
  }
  return first;
}

size_t innermost_axis(const Shape& shape, size_t first, size_t last) {
  while (last > first && shape[last] == 1) --last;
  return last;
}

const graph::Node& node_of(const DenseJob& job) { return (*job.graph)[job.node]; }

const Shape& result_shape(const DenseJob& job) { return node_of(job).type.shape; }

const Shape& operand_shape(const DenseJob& job, size_t operand) {
  return job.graph->type(node_of(job).operands[operand]).shape;
}

View plain_operand(const DenseJob& job, size_t operand, DenseKernels& kernels) {
  const DenseOperand& given = job.operands[operand];
  if (!given.weights) return given.view;
  View view;
  view.pointer = job.pointers + static_cast<int>(kernels.extras.size());
  view.dtype = given.weights->type.dtype;
  view.strides = given.weights->type.shape.strides();
  Fill fill = [weights = *given.weights](std::byte* out) {
    Tensor packed = pack_dense(weights);
    std::memcpy(out, packed.data(), packed.bytes().size());
  };
  kernels.extras.push_back({given.weights->type.bytes(), std::move(fill)});
  return view;
}

void bind_all(const DenseJob& job, const DenseKernels& kernels, DenseStage& stage) {
  auto count = static_cast<size_t>(job.pointers) + kernels.extras.size();
  stage.uses.resize(count);
  stage.writes.assign(count, false);
  for (size_t i = 0; i < count; ++i) stage.uses[i] = static_cast<int>(i);
  for (const View& view : job.outputs) stage.writes[static_cast<size_t>(view.pointer)] = true;
  for (const View& view : job.sums) stage.writes[static_cast<size_t>(view.pointer)] = true;
}

}  // namespace burin::lower
