// Puts the parts of a contraction together: packed weights, schedule, kernels.
#include "lower/kernels/contraction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;

namespace {

constexpr int64_t kSpread = 128 << 10;   // bytes: rows that lie further apart cost address look-ups
constexpr int64_t kRowsPerPacking = 64;  // that read what is packed, at least
constexpr int64_t kColumnsPerPacking = 64;  // of a left side
constexpr int64_t kTileShare = 4;           // of the second-level cache, for what a tile packs

void bind_in_place(Contraction& c) {
  Nest& nest = c.nest;
  nest.rhs = c.rhs;
  nest.packed = false;
  nest.rhs_row = c.rhs.strides.end()[-2];
  nest.rhs_n_stride = 1;
  for (size_t i = 0; i < nest.outer.size(); ++i) nest.outer[i].rhs_stride = c.rhs.strides[i];
}

// Packs the right-hand side into a buffer of its own.
void bind_packed(const DenseJob& job, Contraction& c, int64_t vectors, DenseKernels& kernels) {
  PackedLayout layout = packed_layout(c, vectors);
  Nest& nest = c.nest;
  nest.rhs.pointer = job.pointers + static_cast<int>(kernels.extras.size());
  nest.rhs.offset = 0;
  nest.rhs_n_stride = layout.rows;
  for (size_t i = 0; i < nest.outer.size(); ++i) {
    nest.outer[i].rhs_stride = layout.outer_strides[i];
  }
  if (c.weights) {
    kernels.extras.push_back(
        {std::max<int64_t>(layout.elements() * 4, 64), weight_packer(c, layout, nest.lanes)});
    return;
  }
  DenseStage packing = make_packing(c, layout);
  packing.uses = {c.rhs.pointer, nest.rhs.pointer};
  packing.writes = {false, true};
  kernels.extras.push_back({layout.elements() * 4, {}});
  kernels.stages.push_back(std::move(packing));
}

// The right-hand side of each tile is packed into memory of its thread.
PackedLayout bind_in_tile(const DenseJob& job, Contraction& c, int64_t vectors,
                          DenseKernels& kernels) {
  PackedLayout layout = packed_layout(c, vectors);
  Nest& nest = c.nest;
  nest.rhs = {job.pointers + static_cast<int>(kernels.extras.size()), c.rhs.dtype, 0, {}};
  nest.rhs_n_stride = layout.rows;
  kernels.extras.push_back({layout.block * 4, {}, true});
  return layout;
}

// Packs the left side into a buffer of its own.
void bind_left(const DenseJob& job, Contraction& c, int64_t rows, DenseKernels& kernels) {
  Nest& nest = c.nest;
  DenseStage packing = make_left_packing(c, rows);
  packing.uses = {nest.lhs.pointer, job.pointers + static_cast<int>(kernels.extras.size())};
  packing.writes = {false, true};
  int64_t tiles = ceil_div(nest.m, rows);
  for (OuterAxis& axis : nest.outer) {
    tiles *= axis.extent;
    axis.lhs_stride = 0;
  }
  nest.lhs = {packing.uses[1], nest.lhs.dtype, 0, {}};
  nest.lhs_tile = rows * c.k;
  nest.lhs_m_stride = 1;
  c.lhs_k_stride = rows;
  kernels.extras.push_back({tiles * nest.lhs_tile * 4, {}});
  kernels.stages.push_back(std::move(packing));
}

// Of all passes over k: taps and outer axes.
double passes(const Contraction& c) {
  double count = static_cast<double>(c.k * c.nest.m_tap.extent);
  for (const Tap& tap : c.nest.taps) count *= static_cast<double>(tap.extent);
  for (const OuterAxis& axis : c.nest.outer) count *= static_cast<double>(axis.extent);
  return count;
}

}  // namespace

bool reads_in_place(const Contraction& c) {
  if (c.weights || c.bundle > 1 || c.rhs.strides.back() != 1) return false;
  if (has_window(c)) return false;
  int64_t rows = c.nest.m;
  for (size_t i = 0; i < c.nest.outer.size(); ++i) {
    if (c.rhs_sizes[i] == 1) rows *= c.nest.outer[i].extent;
  }
  int64_t step = std::abs(c.rhs.strides.end()[-2]) * 4;
  return rows < kRowsPerPacking || (c.k * step <= kSpread && c.k <= rows_that_stay(step));
}

bool packs_in_tile(const Contraction& c, const Schedule& schedule, const loop::Machine& machine) {
  const Nest& nest = c.nest;
  if (c.weights || c.bundle > 1 || has_window(c) || !nest.sums.empty() || reads_in_place(c)) {
    return false;
  }
  int64_t outer = 1, columns = schedule.panel_block * schedule.vectors * nest.lanes;
  for (size_t i = 0; i < nest.outer.size(); ++i) {
    if (c.rhs_sizes[i] != nest.outer[i].extent) return false;
    outer *= nest.outer[i].extent;
  }
  bool whole = schedule.m_block * schedule.rows >= nest.m && columns >= nest.n;
  int64_t bytes = packed_layout(c, schedule.vectors).block * 4;
  return outer > 1 && schedule.outer_block == 1 && whole && kTileShare * bytes <= machine.l2_bytes;
}

bool packs_left(const Contraction& c) {
  if (c.weights || c.bundle > 1 || has_window(c)) return false;
  if (c.nest.lhs_m_stride != 1 || c.lhs_k_stride == 1 || c.k * c.lhs_k_stride * 4 <= kSpread) {
    return false;
  }
  bool varies = std::all_of(c.nest.outer.begin(), c.nest.outer.end(), [](const OuterAxis& axis) {
    return axis.extent == 1 || axis.lhs_stride != 0;
  });
  return varies && c.nest.m > 1 && c.nest.n >= kColumnsPerPacking;
}

std::optional<loop::Elem> contraction_elem(DType dtype) {
  if (dtype == DType::f32) return loop::Elem::f32;
  if (dtype == DType::i32) return loop::Elem::i32;
  return std::nullopt;
}

void make_contraction(const DenseJob& job, Contraction c, DenseKernels& kernels) {
  std::optional<ContractionPlan> wanted;
  if (job.parameters) wanted = plan_from(*job.parameters, c, *job.machine);
  ContractionPlan plan = wanted ? *wanted : estimate_plan(c, *job.machine);
  plan.schedule = align_to_sums(c.nest, plan.schedule);
  const Schedule& schedule = plan.schedule;
  c.prefetch = plan.prefetch;
  c.carries_lhs = job.machine->splits_indexed;
  plan_fetches(c, schedule);
  bool left_packed = packs_left(c);
  if (left_packed) bind_left(job, c, schedule.rows, kernels);
  bool in_place = reads_in_place(c), in_tile = packs_in_tile(c, schedule, *job.machine);
  PackedLayout own;
  if (in_tile) {
    own = bind_in_tile(job, c, schedule.vectors, kernels);
  } else {
    in_place ? bind_in_place(c) : bind_packed(job, c, schedule.vectors, kernels);
  }

  Builder b("contraction", job.pointers + static_cast<int>(kernels.extras.size()));
  if (in_tile) pack_block(b, c, own, b.tile(), c.nest.rhs.pointer);
  emit_nest(b, c.nest, schedule,
            [&](const MicroTile& micro) { emit_contraction_tile(b, c, micro); });
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = tile_count(c.nest, schedule);
  stage.flops = c.flops;
  double sums = 2.0 * static_cast<double>(c.nest.m * c.nest.n) * passes(c);
  stage.performed = std::min(c.flops, sums);
  bind_all(job, kernels, stage);
  if (in_tile) stage.writes[static_cast<size_t>(c.nest.rhs.pointer)] = true;
  kernels.stages.push_back(std::move(stage));
  kernels.cycles += *estimate_tile(c, schedule.rows, schedule.vectors, *job.machine) * passes(c);
  kernels.algorithm = fmt::format("register tiles of {} x {} vectors, {}weights {}", schedule.rows,
                                  schedule.vectors, left_packed ? "left side packed, " : "",
                                  in_place    ? "in place"
                                  : in_tile   ? "packed by each tile"
                                  : c.weights ? "packed"
                                              : "packed at run time");
  // Of several contractions, as the phases of a convolution, the first one speaks for all.
  if (kernels.choice.parameters.empty()) kernels.choice.parameters = parameters_of(plan);
}

}  // namespace burin::lower
