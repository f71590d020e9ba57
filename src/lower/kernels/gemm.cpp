// dot_general as a contraction: batch axes outside, m along the left side's free axes, n along the
// right side's, k along the contracted ones; axes that lie evenly in memory become one.
#include <algorithm>
#include <numeric>

#include "lower/kernels/contraction.h"

namespace burin::lower {

namespace {

// The axes of one side by their role; positions into the operand's shape.
struct Roles {
  std::vector<size_t> batch, free, contract;
};

Roles roles_of(size_t rank, const Dims& batch, const Dims& contract) {
  Roles r;
  for (int64_t axis : batch) r.batch.push_back(static_cast<size_t>(axis));
  for (int64_t axis : contract) r.contract.push_back(static_cast<size_t>(axis));
  for (size_t i = 0; i < rank; ++i) {
    auto in = [&](const std::vector<size_t>& axes) {
      return std::find(axes.begin(), axes.end(), i) != axes.end();
    };
    if (!in(r.batch) && !in(r.contract)) r.free.push_back(i);
  }
  return r;
}

struct Sides {
  Roles lhs, rhs;

  explicit Sides(const DenseJob& job) {
    const auto& attr = std::get<graph::DotAttr>(node_of(job).attr);
    lhs = roles_of(operand_shape(job, 0).rank(), attr.lhs_batch, attr.lhs_contract);
    rhs = roles_of(operand_shape(job, 1).rank(), attr.rhs_batch, attr.rhs_contract);
  }
};

// Fills in a contraction; the right-hand side's axes are gathered as lists of its own axes.
class GemmBuilder {
 public:
  GemmBuilder(const DenseJob& job, const View& lhs)
      : job_(job), lhs_(lhs), fused_(epilogue_of(job)), sides_(job), rhs_strides_(rhs_strides()) {}

  Contraction build() {
    c_.elem = *contraction_elem(node_of(job_).type.dtype);
    c_.nest.lanes = job_.machine->lanes(loop::Elem::f32);
    c_.nest.lhs = lhs_;
    size_t batch = sides_.lhs.batch.size();
    for (size_t i = 0; i < batch; ++i) {
      size_t axis = sides_.lhs.batch[i];
      add_outer(i, operand_shape(job_, 0)[axis], lhs_.strides[axis], {sides_.rhs.batch[i]});
    }
    std::vector<size_t> n = set_rows_and_columns(batch);
    set_contracted();
    rhs_axes_.push_back(std::move(n));
    set_rhs();
    c_.nest.epilogue = remap(job_.epilogue, axes_);
    for (const View& view : job_.outputs) c_.nest.outputs.push_back(remap(view, axes_));
    c_.flops = 2.0 * static_cast<double>(result_shape(job_).elements());
    for (size_t axis : sides_.lhs.contract) {
      c_.flops *= static_cast<double>(operand_shape(job_, 0)[axis]);
    }
    return std::move(c_);
  }

 private:
  Dims rhs_strides() const {
    const DenseOperand& rhs = job_.operands[1];
    return rhs.weights ? rhs.weights->strides : rhs.view.strides;
  }

  void add_outer(size_t result_axis, int64_t extent, int64_t lhs_stride,
                 std::vector<size_t> rhs_axes) {
    c_.nest.outer.push_back({extent, lhs_stride, 0});
    axes_.push_back({static_cast<int>(result_axis), 1});
    rhs_axes_.push_back(std::move(rhs_axes));
  }

  // m and n take as many free axes as lie evenly; the others become outer axes. Returns the axes of
  // the right side that make n.
  std::vector<size_t> set_rows_and_columns(size_t batch) {
    const Shape& result = result_shape(job_);
    size_t rows = sides_.lhs.free.size(), columns = sides_.rhs.free.size();
    std::vector<int64_t> lhs_steps(result.rank(), 0), rhs_steps(result.rank(), 0);
    for (size_t i = 0; i < rows; ++i) lhs_steps[batch + i] = lhs_.strides[sides_.lhs.free[i]];
    for (size_t i = 0; i < columns; ++i) {
      rhs_steps[batch + rows + i] = rhs_strides_[sides_.rhs.free[i]];
    }
    size_t m_last = batch + rows, n_last = m_last + columns;  // one behind
    size_t n_first = columns == 0 ? n_last : merge_down_to(fused_, n_last - 1, m_last, rhs_steps);
    size_t m_first = rows == 0 ? m_last : merge_down_to(fused_, m_last - 1, batch, lhs_steps);
    for (size_t i = batch; i < m_first; ++i) add_outer(i, result[i], lhs_steps[i], {});
    for (size_t i = m_last; i < n_first; ++i) {
      add_outer(i, result[i], 0, {sides_.rhs.free[i - m_last]});
    }
    Nest& nest = c_.nest;
    nest.m = result.elements(m_first, m_last);
    int m_axis = source_axis(m_first, m_last), n_axis = source_axis(n_first, n_last);
    nest.lhs_m_stride = m_axis == kNoAxis ? 0 : lhs_steps[static_cast<size_t>(m_axis)];
    axes_.push_back({m_axis, 1});
    nest.n = result.elements(n_first, n_last);
    axes_.push_back({n_axis, 1});
    std::vector<size_t> n;
    for (size_t i = n_first; i < n_last; ++i) n.push_back(sides_.rhs.free[i - m_last]);
    return n;
  }

  // The axis of the result whose steps count when [first, last) are walked as one.
  int source_axis(size_t first, size_t last) const {
    if (first == last) return kNoAxis;
    return static_cast<int>(innermost_axis(result_shape(job_), first, last - 1));
  }

  // The contracted axes in the order in which the left side holds them: the innermost ones that lie
  // evenly on both sides are k, the others taps.
  void set_contracted() {
    std::vector<size_t> order(sides_.lhs.contract.size());
    std::iota(order.begin(), order.end(), size_t{0});
    auto lhs_axis = [&](size_t i) { return sides_.lhs.contract[i]; };
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return lhs_.strides[lhs_axis(a)] > lhs_.strides[lhs_axis(b)];
    });
    Dims sizes, lhs_steps, rhs_steps;
    for (size_t i : order) {
      sizes.push_back(operand_shape(job_, 0)[lhs_axis(i)]);
      lhs_steps.push_back(lhs_.strides[lhs_axis(i)]);
      rhs_steps.push_back(rhs_strides_[sides_.rhs.contract[i]]);
    }
    size_t first = order.empty() ? 0 : order.size() - 1;
    auto merges = [&](const Dims& steps, size_t from) {
      return strides_merge(std::span(sizes).subspan(from), std::span(steps).subspan(from));
    };
    while (first > 0 && merges(lhs_steps, first - 1) && merges(rhs_steps, first - 1)) --first;
    c_.k = 1;
    for (size_t i = first; i < order.size(); ++i) c_.k *= sizes[i];
    c_.lhs_k_stride = order.empty() ? 0 : inner_step(sizes, lhs_steps);
    int64_t rows = c_.k;
    for (size_t i = first; i-- > 0;) {
      Tap tap;
      tap.extent = sizes[i];
      tap.lhs_stride = lhs_steps[i];
      tap.rhs_rows = rows;
      rows *= sizes[i];
      c_.nest.taps.insert(c_.nest.taps.begin(), tap);
    }
    for (size_t i = 0; i < first; ++i) rhs_axes_.push_back({sides_.rhs.contract[order[i]]});
    rhs_axes_.emplace_back();  // no tap along m
    std::vector<size_t> k;
    for (size_t i = first; i < order.size(); ++i) k.push_back(sides_.rhs.contract[order[i]]);
    rhs_axes_.push_back(std::move(k));
  }

  static int64_t inner_step(const Dims& sizes, const Dims& steps) {
    for (size_t i = sizes.size(); i-- > 0;) {
      if (sizes[i] != 1) return steps[i];
    }
    return 0;
  }

  void set_rhs() {
    const DenseOperand& rhs = job_.operands[1];
    const Shape& shape = operand_shape(job_, 1);
    for (const std::vector<size_t>& axes : rhs_axes_) {
      int64_t size = 1;
      Dims sizes, steps;
      for (size_t axis : axes) {
        size *= shape[axis];
        sizes.push_back(shape[axis]);
        steps.push_back(rhs_strides_[axis]);
      }
      c_.rhs_sizes.push_back(size);
      c_.rhs.strides.push_back(inner_step(sizes, steps));
    }
    if (rhs.weights) {
      c_.weights = merge_axes(*rhs.weights, rhs_axes_);
      return;
    }
    c_.rhs.pointer = rhs.view.pointer;
    c_.rhs.dtype = rhs.view.dtype;
    c_.rhs.offset = rhs.view.offset;
  }

  const DenseJob& job_;
  const View& lhs_;
  Epilogue fused_;
  Sides sides_;
  Dims rhs_strides_;
  Contraction c_;
  std::vector<AxisSource> axes_;
  std::vector<std::vector<size_t>> rhs_axes_;  // of the right side: outer, taps, m tap, k, n
};

}  // namespace

Contraction gemm_form(const DenseJob& job, const View& lhs) {
  return GemmBuilder(job, lhs).build();
}

std::optional<std::string> refuse_gemm(const DenseJob& job) {
  if (!contraction_elem(node_of(job).type.dtype)) return "neither of f32 nor of i32";
  if (Sides(job).rhs.free.empty()) return "the right side has no columns";
  bool empty = result_shape(job).elements() == 0 || operand_shape(job, 0).elements() == 0;
  if (empty) return "empty";
  DenseKernels unused;
  Contraction c = gemm_form(job, plain_operand(job, 0, unused));
  if (job.operands[1].weights && !c.weights) return "a scale of the weights does not lie evenly";
  return refuse_vectors(c.nest, *job.machine);
}

DenseKernels make_gemm(const DenseJob& job) {
  DenseKernels kernels;
  View lhs = plain_operand(job, 0, kernels);
  make_contraction(job, gemm_form(job, lhs), kernels);
  return kernels;
}

std::vector<Parameters> gemm_alternatives(const DenseJob& job, const Parameters& around) {
  DenseKernels unused;
  Contraction c = gemm_form(job, plain_operand(job, 0, unused));
  return contraction_alternatives(c, around, *job.machine);
}

}  // namespace burin::lower
