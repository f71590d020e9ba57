// Any convolution, dot_general or reduce_window as loops over one joint space: the axes of the
// result, then those that are reduced, then the input position along each windowed axis (which the
// first two determine). Operands are affine views over it.
#include "lower/kernels/reference.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "base/checked.h"
#include "lower/convert.h"
#include "lower/kernels/reduction.h"
#include "lower/kernels/views.h"

namespace burin::lower {
namespace {

using loop::Builder;
using loop::Elem;
using loop::Value;

constexpr int64_t kMostReferenceTiles = 64;

// A window over an input axis: tap k of result position o reads position
// o * stride + k * dilation - low of the input spread by x_dilation, if there is one.
struct WindowedAxis {
  size_t result = 0, tap = 0, position = 0;  // axes of the joint space
  int64_t stride = 1, dilation = 1, x_dilation = 1, low = 0, size = 0;
};

struct ReducedAxis {
  size_t axis = 0;  // of the joint space
  int64_t extent = 1;
  const WindowedAxis* window = nullptr;
};

struct Problem {
  std::vector<AxisSource> result_axes;  // of the joint space, from the node's result
  Dims result_sizes;
  std::vector<ReducedAxis> reduced;
  std::vector<WindowedAxis> windows;
  std::vector<View> operands;  // one or two, over the joint space
  std::optional<Expr> made;    // as DenseOperand's, of the first, over the joint space
  size_t rank = 0;             // of the joint space
  bool products = true;        // sum of products, else a reduction of the only operand
  graph::ReduceKind kind = graph::ReduceKind::sum;
  DType dtype = DType::f32;
  bool empty_input = false;  // no element of the operands is ever read
  bool scalar = false;       // no vectors along the innermost axis
};

// Emits the loops of one problem.
class Reference {
 public:
  Reference(const DenseJob& job, const Problem& p, Builder& b)
      : p_(p),
        b_(b),
        epilogue_(remap(job.epilogue, p.result_axes)),
        begins_sums_(job.begins_sums && !job.sums.empty()) {
    for (const View& view : job.outputs) outputs_.push_back(remap(view, p.result_axes));
    for (const View& view : job.sums) sums_.push_back(remap(view, p.result_axes));
    index_.assign(p.rank, b.index(0));
    lanes_ = choose_lanes(*job.machine);
  }

  // The rows [first, last) of the result, a row being its innermost axis.
  void rows(Value first, Value last) {
    if (begins_sums_) walk(first, last, [&](uint16_t lanes) { clear(lanes); });
    walk(first, last, [&](uint16_t lanes) { point(lanes); });
  }

 private:
  void walk(Value first, Value last, const std::function<void(uint16_t lanes)>& visit) {
    size_t rank = p_.result_sizes.size();
    if (rank == 0) return visit(1);
    b_.loop(first, last, 1, [&](Value row) {
      for (size_t i = rank - 1; i-- > 0;) {
        Value size = b_.index(p_.result_sizes[i]);
        index_[i] = i == 0 ? row : b_.rem(row, size);
        row = b_.div(row, size);
      }
      int64_t n = p_.result_sizes.back(), vectors = n / lanes_ * lanes_;
      auto body = [&](uint16_t lanes) {
        return [&, rank, lanes](Value i) {
          index_[rank - 1] = i;
          visit(lanes);
        };
      };
      if (vectors > 0) b_.loop(b_.index(0), b_.index(vectors), lanes_, body(lanes_));
      if (vectors < n) b_.loop(b_.index(vectors), b_.index(n), 1, body(1));
    });
  }

  uint16_t choose_lanes(const loop::Machine& machine) const {
    if (p_.result_sizes.empty() || p_.scalar) return 1;
    int axis = static_cast<int>(p_.result_sizes.size()) - 1;
    uint16_t lanes = lanes_for(epilogue_, outputs_, axis, machine);
    Expr loads;  // asks the same of the operands
    for (const View& view : p_.operands) {
      ExprNode node;
      node.kind = ExprNode::Kind::load;
      node.view = static_cast<int>(loads.views.size());
      node.dtype = view.dtype;
      loads.views.push_back(view);
      loads.nodes.push_back(node);
    }
    lanes = std::min(lanes, lanes_for(loads, {}, axis, machine));
    return lanes;
  }

  void point(uint16_t lanes) {
    Value acc = emit_identity(b_, p_.kind, p_.dtype, lanes);
    if (!p_.empty_input) acc = reduce(0, acc, {});
    acc = round_float(b_, wrap_integer(b_, acc, p_.dtype), p_.dtype);
    Point at = point_at(lanes);
    at.index = std::span(index_).first(p_.result_sizes.size());
    Value accs[] = {acc};
    std::vector<Value> results = emit_expr(b_, epilogue_, at, accs);
    for (size_t i = 0; i < outputs_.size(); ++i) {
      emit_store(b_, outputs_[i], at, {}, results[i]);
    }
    for (size_t i = 0; i < sums_.size(); ++i) {
      Value before = emit_view_load(b_, sums_[i], at, {});
      emit_store(b_, sums_[i], at, {}, b_.add(before, results[outputs_.size() + i]));
    }
  }

  void clear(uint16_t lanes) {
    Point at = point_at(lanes);
    at.index = std::span(index_).first(p_.result_sizes.size());
    for (const View& view : sums_) emit_store(b_, view, at, {}, b_.bits({Elem::f32, lanes}, 0));
  }

  Point point_at(uint16_t lanes) const {
    Point at;
    at.index = index_;
    at.lanes = lanes;
    at.lane_axis = lanes == 1 ? -1 : static_cast<int>(p_.result_sizes.size()) - 1;
    return at;
  }

  // The loops from reduced axis `depth` inwards; `valid` is the mask of the taps so far that meet
  // an input, invalid if all do.
  Value reduce(size_t depth, Value acc, Value valid) {
    if (depth == p_.reduced.size()) return combine(acc, valid);
    const ReducedAxis& r = p_.reduced[depth];
    Value lo = b_.index(0), hi = b_.index(r.extent);
    if (r.window && r.window->x_dilation == 1) bounds(*r.window, r.extent, &lo, &hi);
    Value init[] = {acc};
    return b_.loop(lo, hi, 1, init, [&](Value k, std::span<const Value> carried) {
      index_[r.axis] = k;
      Value inner = valid;
      if (r.window) inner = locate(*r.window, k, valid);
      return std::vector{reduce(depth + 1, carried[0], inner)};
    })[0];
  }

  // The taps that read inside the input: 0 <= o * stride + k * dilation - low < size.
  void bounds(const WindowedAxis& w, int64_t extent, Value* lo, Value* hi) {
    Value start = b_.mul(index_[w.result], b_.index(w.stride));
    Value dilation = b_.index(w.dilation), zero = b_.index(0);
    Value before = b_.max(b_.sub(b_.index(w.low), start), zero);
    *lo = b_.div(b_.add(before, b_.index(w.dilation - 1)), dilation);
    Value room = b_.sub(b_.index(w.size - 1 + w.low + w.dilation), start);
    *hi = b_.min(b_.div(b_.max(room, zero), dilation), b_.index(extent));
  }

  // Sets the input position of tap k; returns `valid` and that there is one.
  Value locate(const WindowedAxis& w, Value k, Value valid) {
    Value at = b_.add(b_.mul(index_[w.result], b_.index(w.stride)),
                      b_.sub(b_.mul(k, b_.index(w.dilation)), b_.index(w.low)));
    if (w.x_dilation == 1) {
      index_[w.position] = at;
      return valid;
    }
    Value spread = b_.index(w.x_dilation), zero = b_.index(0);
    Value near = b_.min(b_.div(b_.max(at, zero), spread), b_.index(w.size - 1));
    Value met = b_.cmp_eq(b_.mul(near, spread), at);
    index_[w.position] = near;
    return valid.valid() ? b_.bit_and(valid, met) : met;
  }

  Value load_first(const Point& point) {
    Value x = emit_view_load(b_, p_.operands[0], point, {});
    return p_.made ? emit_expr(b_, *p_.made, point, {&x, 1})[0] : x;
  }

  // The element of the first operand, or 0 where `valid` is off; lanes never run along an axis
  // whose positions may be invalid.
  Value load_valid(Point point, Value valid) {
    if (!valid.valid()) return load_first(point);
    uint16_t lanes = point.lanes;
    point.lanes = 1;
    point.lane_axis = -1;
    Value x = load_first(point);
    Value zero = b_.bits(b_.type(x), 0);
    return b_.splat(b_.select(mask_as(b_, valid, b_.type(x).elem), x, zero), lanes);
  }

  Value combine(Value acc, Value valid) {
    Point at = point_at(b_.type(acc).lanes);
    Value x = load_valid(at, valid);
    if (!p_.products) return emit_combine(b_, p_.kind, acc, x);
    Value y = emit_view_load(b_, p_.operands[1], at, {});
    if (loop::is_float(b_.type(acc).elem)) return b_.fma(x, y, acc);
    return b_.add(acc, b_.mul(x, y));
  }

  const Problem& p_;
  Builder& b_;
  Expr epilogue_;
  std::vector<View> outputs_, sums_;
  bool begins_sums_;
  std::vector<Value> index_;  // of the joint space
  uint16_t lanes_ = 1;
};

View over_joint(const View& view, size_t rank) {
  View out = view;
  out.strides.assign(rank, 0);
  return out;
}

// Joint axes: n, spatial..., group, channel of the group | taps..., input channel | positions...
Problem convolution_problem(const DenseJob& job, DenseKernels& kernels) {
  const auto& attr = std::get<graph::ConvAttr>(node_of(job).attr);
  const Shape &result = result_shape(job), &xs = operand_shape(job, 0), &ws = operand_shape(job, 1);
  size_t spatial = result.rank() - 2;
  int64_t per_group = result[spatial + 1] / attr.groups, in_group = ws[spatial];
  Problem p;
  for (size_t i = 0; i <= spatial; ++i) p.result_axes.push_back({static_cast<int>(i), 1});
  p.result_axes.push_back({static_cast<int>(spatial) + 1, per_group});
  p.result_axes.push_back({static_cast<int>(spatial) + 1, 1});
  p.result_sizes.assign(result.dims().begin(), result.dims().end() - 1);
  p.result_sizes.push_back(attr.groups);
  p.result_sizes.push_back(per_group);
  size_t group = spatial + 1, out = spatial + 2, taps = spatial + 3, in = taps + spatial;
  p.rank = in + 1 + spatial;

  View x = plain_operand(job, 0, kernels), w = plain_operand(job, 1, kernels);
  View jx = over_joint(x, p.rank), jw = over_joint(w, p.rank);
  jx.strides[0] = x.strides[0];
  jx.strides[group] = x.strides[spatial + 1] * in_group;
  jx.strides[in] = x.strides[spatial + 1];
  jw.strides[group] = w.strides[spatial + 1] * per_group;
  jw.strides[out] = w.strides[spatial + 1];
  jw.strides[in] = w.strides[spatial];
  for (size_t i = 0; i < spatial; ++i) {
    p.windows.push_back({i + 1, taps + i, in + 1 + i, attr.stride[i], attr.w_dilation[i],
                         attr.x_dilation[i], attr.low[i], xs[i + 1]});
    jx.strides[in + 1 + i] = x.strides[i + 1];
    jw.strides[taps + i] = w.strides[i];
  }
  for (size_t i = 0; i < spatial; ++i) p.reduced.push_back({taps + i, ws[i], &p.windows[i]});
  p.reduced.push_back({in, in_group, nullptr});
  p.operands = {jx, jw};
  if (const std::optional<Expr>& made = job.operands[0].made) {
    std::vector<AxisSource> channels(p.rank, {kNoAxis});
    channels[group] = {0, in_group}, channels[in] = {0, 1};
    p.made = remap(*made, channels);
  }
  return p;
}

// Joint axes: those of the result | the contracted ones.
Problem dot_problem(const DenseJob& job, DenseKernels& kernels) {
  const auto& attr = std::get<graph::DotAttr>(node_of(job).attr);
  const Shape& result = result_shape(job);
  Problem p;
  p.result_sizes = result.dims();
  for (size_t i = 0; i < result.rank(); ++i) p.result_axes.push_back({static_cast<int>(i), 1});
  p.rank = result.rank() + attr.lhs_contract.size();
  size_t free = attr.lhs_batch.size();
  for (size_t side = 0; side < 2; ++side) {
    const Dims& batch = side == 0 ? attr.lhs_batch : attr.rhs_batch;
    const Dims& contract = side == 0 ? attr.lhs_contract : attr.rhs_contract;
    View view = plain_operand(job, side, kernels), joint = over_joint(view, p.rank);
    for (size_t axis = 0; axis < view.strides.size(); ++axis) {
      auto in = [&](const Dims& axes) {
        return std::find(axes.begin(), axes.end(), static_cast<int64_t>(axis)) - axes.begin();
      };
      size_t b = static_cast<size_t>(in(batch)), c = static_cast<size_t>(in(contract));
      size_t to = b < batch.size() ? b : c < contract.size() ? result.rank() + c : free++;
      joint.strides[to] = view.strides[axis];
    }
    p.operands.push_back(joint);
  }
  for (size_t i = 0; i < attr.lhs_contract.size(); ++i) {
    int64_t extent = operand_shape(job, 0)[static_cast<size_t>(attr.lhs_contract[i])];
    p.reduced.push_back({result.rank() + i, extent, nullptr});
  }
  return p;
}

// Joint axes: those of the result | taps... | positions...
Problem window_problem(const DenseJob& job, DenseKernels& kernels) {
  const auto& attr = std::get<graph::WindowAttr>(node_of(job).attr);
  const Shape &result = result_shape(job), &xs = operand_shape(job, 0);
  size_t rank = result.rank();
  std::vector<bool> windowed(rank);
  Problem p;
  p.products = false;
  p.kind = attr.kind;
  p.result_sizes = result.dims();
  p.rank = 3 * rank;
  View x = plain_operand(job, 0, kernels), joint = over_joint(x, p.rank);
  for (size_t i = 0; i < rank; ++i) {
    p.result_axes.push_back({static_cast<int>(i), 1});
    windowed[i] =
        attr.window[i] != 1 || attr.stride[i] != 1 || attr.low[i] != 0 || attr.high[i] != 0;
    joint.strides[windowed[i] ? 2 * rank + i : i] = x.strides[i];
    p.windows.push_back(
        {i, rank + i, 2 * rank + i, attr.stride[i], attr.dilation[i], 1, attr.low[i], xs[i]});
  }
  for (size_t i = 0; i < rank; ++i) {
    if (windowed[i]) p.reduced.push_back({rank + i, attr.window[i], &p.windows[i]});
  }
  // Lanes along a windowed axis would each have bounds of their own.
  p.scalar = rank > 0 && windowed[rank - 1];
  p.operands = {joint};
  return p;
}

Problem problem_of(const DenseJob& job, DenseKernels& kernels) {
  switch (node_of(job).op) {
    case graph::Op::convolution: return convolution_problem(job, kernels);
    case graph::Op::dot_general: return dot_problem(job, kernels);
    case graph::Op::reduce_window: return window_problem(job, kernels);
    default: break;
  }
  BURIN_CHECK(false, "not a dense op");
}

}  // namespace

std::optional<std::string> refuse_reference(const DenseJob&) { return std::nullopt; }

DenseKernels make_reference(const DenseJob& job) {
  DenseKernels kernels;
  Problem p = problem_of(job, kernels);
  p.dtype = node_of(job).type.dtype;
  for (size_t i = 0; i < job.operands.size(); ++i) {
    if (operand_shape(job, i).elements() == 0) p.empty_input = true;
  }
  int64_t rows = 1, taps = 1;
  for (size_t i = 0; i + 1 < p.result_sizes.size(); ++i) rows *= p.result_sizes[i];
  for (const ReducedAxis& r : p.reduced) taps *= r.extent;
  int64_t points = result_shape(job).elements();

  DenseStage stage;
  stage.flops = 2.0 * static_cast<double>(points) * static_cast<double>(taps);
  int64_t tiles = job.sums.empty() ? kMostReferenceTiles : 1;  // no two add to one sum
  int64_t rows_per_tile = std::max<int64_t>(1, ceil_div(rows, tiles));
  stage.tiles = points == 0 ? 0 : ceil_div(rows, rows_per_tile);
  int buffers = job.pointers + static_cast<int>(kernels.extras.size());
  Builder b("reference", buffers);
  Value first = b.mul(b.tile(), b.index(rows_per_tile));
  Value last = b.min(b.add(first, b.index(rows_per_tile)), b.index(rows));
  if (points > 0) Reference(job, p, b).rows(first, last);
  stage.function = b.finish();
  bind_all(job, kernels, stage);
  kernels.stages.push_back(std::move(stage));
  kernels.algorithm = "plain loops";
  return kernels;
}

}  // namespace burin::lower
