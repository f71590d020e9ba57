// dot_general with the lanes along the contracted axis: each result is a sum over a vector. For
// products with one column, and for few rows by a right side that is contiguous along k and known
// only at run time, where packing it would cost more than it saves.
#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Address;
using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

constexpr int64_t kSumCost = 5;       // cycles to sum a vector, by cycles to pack an element
constexpr int64_t kMostDotRows = 16;  // more are worth packing for, whatever they sum
constexpr int64_t kDotTileFlops = 1 << 20;

// Both sides as views; weights become a constant of the kernels.
Contraction dot_form(const DenseJob& job, DenseKernels& kernels) {
  DenseJob plain = job;
  View lhs = plain_operand(job, 0, kernels);
  plain.operands[1] = {plain_operand(job, 1, kernels), {}};
  Contraction c = gemm_form(plain, lhs);
  Nest& nest = c.nest;
  nest.lanes = 1;  // of results
  nest.packed = false;
  nest.rhs = c.rhs;
  nest.rhs_n_stride = c.rhs.strides.back();
  for (size_t i = 0; i < nest.outer.size(); ++i) nest.outer[i].rhs_stride = c.rhs.strides[i];
  return c;
}

class DotEmitter {
 public:
  DotEmitter(Builder& b, const Contraction& c, uint16_t lanes, const MicroTile& tile)
      : b_(b), c_(c), tile_(tile), type_{Elem::f32, lanes} {}

  void emit() {
    int64_t looped = c_.k / type_.lanes * type_.lanes;
    std::vector<Value> acc(static_cast<size_t>(tile_.segment.rows * tile_.vectors),
                           b_.real(type_, 0));
    if (looped > 0) {
      acc = b_.loop(b_.index(0), b_.index(looped), type_.lanes, acc,
                    [&](Value k, std::span<const Value> carried) { return step(k, carried, {}); });
    }
    if (looped < c_.k) {
      Value mask = b_.first_n({Elem::m32, type_.lanes}, b_.index(c_.k - looped));
      acc = step(b_.index(looped), acc, mask);
    }
    for (Value& a : acc) a = b_.reduce(loop::Op::reduce_add, a);
    emit_epilogue(b_, tile_, acc);
  }

 private:
  // A vector of k of every row and column.
  std::vector<Value> step(Value k, std::span<const Value> sums, Value mask) {
    std::vector<Value> acc(sums.begin(), sums.end()), y;
    for (int64_t c = 0; c < tile_.vectors; ++c) {
      y.push_back(b_.load(type_, {tile_.rhs, k, 4, c * c_.nest.rhs_n_stride * kF32Bytes}, mask));
    }
    for (int64_t r = 0; r < tile_.segment.rows; ++r) {
      Value x = b_.load(type_, {tile_.lhs, k, 4, r * c_.nest.lhs_m_stride * kF32Bytes}, mask);
      for (int64_t c = 0; c < tile_.vectors; ++c) {
        Value& a = acc[static_cast<size_t>(r * tile_.vectors + c)];
        a = b_.fma(x, y[static_cast<size_t>(c)], a);
      }
    }
    return acc;
  }

  Builder& b_;
  const Contraction& c_;
  const MicroTile& tile_;
  Type type_;
};

Schedule choose_schedule(const Contraction& c, const loop::Machine& machine) {
  const Nest& nest = c.nest;
  bool many = machine.vector_registers >= 32;
  int64_t wide = many ? 4 : 3, wider = many ? 8 : 4;
  Schedule s;
  s.rows = std::min(nest.m, nest.n < wide ? wider : 4);
  s.vectors = std::min(nest.n, nest.m < wide ? wider : wide);
  int64_t outer = 1;
  for (const OuterAxis& axis : nest.outer) outer *= axis.extent;
  s.m_block = ceil_div(nest.m, s.rows);
  s.panel_block = split_panels(nest.n, s.vectors).count();
  int64_t flops = 2 * nest.m * nest.n * std::max<int64_t>(c.k, 1);
  if (flops >= kDotTileFlops) {
    int64_t blocks = std::min(s.panel_block, ceil_div(flops, kDotTileFlops));
    s.panel_block = ceil_div(s.panel_block, blocks);
  } else {
    s.outer_block = std::min(outer, ceil_div(kDotTileFlops, flops));
  }
  return s;
}

}  // namespace

std::optional<std::string> refuse_dot(const DenseJob& job) {
  if (node_of(job).type.dtype != DType::f32) return "not of f32";
  bool empty = result_shape(job).elements() == 0 || operand_shape(job, 0).elements() == 0;
  if (empty) return "empty";
  DenseKernels unused;
  Contraction c = dot_form(job, unused);
  bool even = c.nest.taps.empty() && c.lhs_k_stride == 1 && c.rhs.strides.end()[-2] == 1;
  if (!even) return "the contracted axis is not contiguous on both sides";
  bool few = !job.operands[1].weights && c.nest.m <= kMostDotRows && c.nest.m * kSumCost <= c.k;
  if (c.nest.n > 1 && !few) return "many rows and columns";
  return std::nullopt;
}

DenseKernels make_dot(const DenseJob& job) {
  DenseKernels kernels;
  Contraction c = dot_form(job, kernels);
  Schedule schedule = choose_schedule(c, *job.machine);
  Builder b("dot", job.pointers + static_cast<int>(kernels.extras.size()));
  uint16_t lanes = job.machine->lanes(Elem::f32);
  emit_nest(b, c.nest, schedule,
            [&](const MicroTile& tile) { DotEmitter(b, c, lanes, tile).emit(); });
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = tile_count(c.nest, schedule);
  stage.flops = c.flops;
  bind_all(job, kernels, stage);
  kernels.stages.push_back(std::move(stage));
  kernels.algorithm =
      fmt::format("lanes along k, tiles of {} x {}", schedule.rows, schedule.vectors);
  return kernels;
}

}  // namespace burin::lower
