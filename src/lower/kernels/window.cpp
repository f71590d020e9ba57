// Depthwise convolution and pooling: from the job to the form of window.h, and its blocking.
#include "lower/kernels/window.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/tiles.h"

namespace burin::lower {

using loop::Builder;

namespace {

constexpr int64_t kMostTaps = 32;    // along a row: each is unrolled
constexpr int64_t kMostFmas = 1024;  // of one register tile and row of the window
constexpr int64_t kTileBytes = 128 << 10;
constexpr int64_t kRowsBesideSums = 7;  // of a register tile: what it fetches must come in time

// One axis that a window may slide along.
struct Axis {
  int64_t positions = 1, window = 1, stride = 1, dilation = 1, low = 0, size = 1;

  bool padded() const {
    return low > 0 || (positions - 1) * stride + (window - 1) * dilation - low >= size;
  }
};

// The axes of the result but its last, which are channels.
std::vector<Axis> axes_of(const DenseJob& job) {
  const Shape &result = result_shape(job), &x = operand_shape(job, 0);
  std::vector<Axis> axes;
  for (size_t i = 0; i + 1 < result.rank(); ++i) {
    if (const auto* attr = std::get_if<graph::WindowAttr>(&node_of(job).attr)) {
      axes.push_back(
          {result[i], attr->window[i], attr->stride[i], attr->dilation[i], attr->low[i], x[i]});
    } else if (i == 0) {
      axes.push_back({result[0], 1, 1, 1, 0, x[0]});
    } else {
      const auto& conv = std::get<graph::ConvAttr>(node_of(job).attr);
      axes.push_back({result[i], operand_shape(job, 1)[i - 1], conv.stride[i - 1],
                      conv.w_dilation[i - 1], conv.low[i - 1], x[i]});
    }
  }
  return axes;
}

// The rows of channels from one tap of the weights to the next along spatial axis `i`, where each
// tap is a row; nothing where taps lie otherwise.
std::optional<int64_t> rows_between_taps(const DenseJob& job, size_t i) {
  const Shape& w = operand_shape(job, 1);
  Dims strides = job.operands[1].weights ? w.strides() : job.operands[1].view.strides;
  if (w[i] == 1) return 0;  // takes no step
  return strides[i] % w[w.rank() - 1] == 0 ? std::optional(strides[i] / w[w.rank() - 1])
                                           : std::nullopt;
}

Window window_form(const DenseJob& job, DenseKernels& kernels) {
  std::vector<Axis> axes = axes_of(job);
  View x = plain_operand(job, 0, kernels);
  Window w;
  w.elem = *contraction_elem(node_of(job).type.dtype);
  Nest& nest = w.nest;
  nest.lanes = job.machine->lanes(loop::Elem::f32);
  nest.lhs = x;
  nest.rhs.pointer = -1;
  nest.packed = false;
  nest.n = result_shape(job)[axes.size()];
  nest.rhs_row = nest.n;
  nest.lhs_n_stride = nest.rhs_n_stride = 1;
  std::vector<AxisSource> sources;
  int64_t rows = 1;
  for (size_t i = axes.size(); i-- > 0;) {
    const Axis& a = axes[i];
    Tap tap{a.window, a.dilation * x.strides[i], 0, -1, a.stride, a.dilation, a.low, 0};
    if (i > 0 && node_of(job).op == graph::Op::convolution) {
      tap.rhs_rows = rows_between_taps(job, i - 1).value_or(0);
    }
    rows *= a.window;
    nest.lhs.offset -= a.low * x.strides[i];
    bool last = i + 1 == axes.size();
    if (a.padded()) tap.size = a.size;
    if (a.padded() && !last) tap.axis = static_cast<int>(i);
    if (last) {
      nest.m_tap = tap;
      nest.m = a.positions;
      nest.lhs_m_stride = a.stride * x.strides[i];
    } else {
      nest.outer.insert(nest.outer.begin(), {a.positions, a.stride * x.strides[i], 0});
      if (a.window > 1 || tap.axis >= 0) nest.taps.insert(nest.taps.begin(), tap);
    }
  }
  for (size_t i = 0; i <= axes.size(); ++i) sources.push_back({static_cast<int>(i), 1});
  nest.epilogue = remap(job.epilogue, sources);
  nest.streams = true;
  for (const View& view : job.outputs) nest.outputs.push_back(remap(view, sources));
  for (const View& view : job.sums) nest.sums.push_back(remap(view, sources));
  nest.begins_sums = job.begins_sums;
  w.flops = 2.0 * static_cast<double>(result_shape(job).elements()) * static_cast<double>(rows);
  return w;
}

// How many outer indices make one tile of the plan.
int64_t outer_block(const Nest& nest) {
  int64_t outer = 1, bytes = nest.m * nest.n * 8;  // read and written, of one outer index
  for (const OuterAxis& axis : nest.outer) outer *= axis.extent;
  return std::clamp<int64_t>(kTileBytes / std::max<int64_t>(bytes, 1), 1, outer);
}

// Whether the lines that one panel of a tile reads and writes are driven out of the first-level
// cache before the next panel, of vectors in the other half of those lines, comes to them. Up to
// half more than it holds cost nothing yet, as measured on Zen 4.
bool loses_lines(const Nest& nest) {
  auto reach = [](const Tap& tap, int64_t positions) {
    return (positions - 1) * tap.step + (tap.extent - 1) * tap.dilation + 1;
  };
  int64_t block = outer_block(nest), pixel = nest.lhs_m_stride / nest.m_tap.step * kF32Bytes;
  int64_t read = reach(nest.m_tap, nest.m);
  for (size_t i = 0; i < nest.taps.size(); ++i) {
    read *= reach(nest.taps[i], i + 1 == nest.taps.size() ? block : 1);
  }
  return (read + block * nest.m) * 2 > rows_that_stay(pixel) * 3;
}

Schedule choose_schedule(const Window& w, const WindowTile& tile) {
  const Nest& nest = w.nest;
  int64_t outer = 1;
  for (const OuterAxis& axis : nest.outer) outer *= axis.extent;
  int64_t m_tiles = ceil_div(nest.m, tile.rows);
  int64_t panels = split_panels(nest.n, tile.vectors * nest.lanes).count();
  int64_t block = outer_block(nest);
  // Where a tile holds what is added to the same sums: one at a time, pieces of the same rows, one
  // below the other.
  if (joined_by_sums(nest) > 1) panels = 1;
  return {tile.rows, tile.vectors, share_evenly(outer, block, 1, 1), m_tiles, panels};
}

DenseKernels make_kernels(const DenseJob& job, const Window& w, DenseKernels kernels) {
  WindowTile tile = choose_window_tile(w, *job.machine);
  if (!w.nest.sums.empty()) tile.rows = std::min(tile.rows, kRowsBesideSums);
  Schedule schedule = align_to_sums(w.nest, choose_schedule(w, tile));
  Builder b("window", job.pointers + static_cast<int>(kernels.extras.size()));
  emit_nest(b, w.nest, schedule,
            [&](const MicroTile& micro) { emit_window_tile(b, w, tile, micro); });
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = tile_count(w.nest, schedule);
  stage.flops = w.flops;
  bind_all(job, kernels, stage);
  kernels.stages.push_back(std::move(stage));
  kernels.algorithm =
      fmt::format("channels in lanes, tiles of {} x {} vectors", tile.rows, tile.vectors);
  return kernels;
}

std::optional<std::string> refuse_window_form(const DenseJob& job) {
  if (!contraction_elem(node_of(job).type.dtype)) return "neither of f32 nor of i32";
  std::vector<Axis> axes = axes_of(job);
  if (axes.empty()) return "no axis to slide along";
  if (result_shape(job).elements() == 0 || operand_shape(job, 0).elements() == 0) return "empty";
  if (axes.back().window > kMostTaps) return "the window is wide";
  DenseKernels unused;
  Window w = window_form(job, unused);
  if (plain_operand(job, 0, unused).strides.back() != 1) return "the channels are not contiguous";
  return refuse_vectors(w.nest, *job.machine);
}

}  // namespace

WindowTile choose_window_tile(const Window& w, const loop::Machine& machine) {
  const Nest& nest = w.nest;
  int64_t taps = nest.m_tap.extent, registers = machine.vector_registers;
  WindowTile tile;
  // A line of memory that two vectors share should come into the first-level cache once.
  bool wide = registers >= 32, shares = nest.lanes * kF32Bytes < kLineBytes && loses_lines(nest);
  tile.vectors = (wide || shares) && nest.n > nest.lanes ? 2 : 1;
  tile.at_once = wide ? tile.vectors : 1;
  // Pooling needs room to compare, integers for the product before it is added.
  int64_t kept = w.reduce ? 2 : taps * tile.at_once + (w.elem == loop::Elem::f32 ? 0 : 1);
  tile.weights_in_registers = kept + 4 * tile.at_once + 1 <= registers;
  if (!tile.weights_in_registers) kept = 0;
  tile.rows = (registers - 1 - kept) / tile.at_once;
  tile.rows = std::min(tile.rows, std::max<int64_t>(1, kMostFmas / (taps * tile.vectors)));
  tile.rows = std::clamp<int64_t>(tile.rows, 1, std::min<int64_t>(nest.m, 28));
  return tile;
}

std::optional<std::string> refuse_depthwise(const DenseJob& job) {
  const auto& attr = std::get<graph::ConvAttr>(node_of(job).attr);
  const Shape& w = operand_shape(job, 1);
  bool each = w[w.rank() - 2] == 1 && w[w.rank() - 1] == attr.groups && attr.groups > 1;
  if (!each) return "not one filter for each channel";
  auto spread = [](int64_t d) { return d > 1; };
  if (std::any_of(attr.x_dilation.begin(), attr.x_dilation.end(), spread)) {
    return "the input is dilated";
  }
  bool rows = job.operands[1].weights || job.operands[1].view.strides.back() == 1;
  for (size_t i = 0; i + 2 < w.rank(); ++i) rows = rows && rows_between_taps(job, i);
  if (!rows) return "the weights do not lie in rows of channels";
  return refuse_window_form(job);
}

DenseKernels make_depthwise(const DenseJob& job) {
  DenseKernels kernels;
  Window w = window_form(job, kernels);
  w.made = job.operands[0].made;
  w.nest.rhs = plain_operand(job, 1, kernels);  // [taps..., 1, channels]: rows of channels
  int64_t bytes = operand_shape(job, 0).elements() * kF32Bytes;
  w.fetches_epilogue = !job.sums.empty();
  w.fetches = w.nest.taps.size() == 1 && comes_from_memory(bytes, *job.machine);
  return make_kernels(job, w, std::move(kernels));
}

std::optional<std::string> refuse_pool(const DenseJob& job) {
  const auto& attr = std::get<graph::WindowAttr>(node_of(job).attr);
  size_t rank = attr.window.size();
  if (rank < 2) return "no axis to slide along";
  size_t c = rank - 1;
  bool still = attr.window[c] == 1 && attr.stride[c] == 1 && attr.low[c] == 0 && attr.high[c] == 0;
  if (!still) return "the window spans channels";
  return refuse_window_form(job);
}

DenseKernels make_pool(const DenseJob& job) {
  DenseKernels kernels;
  Window w = window_form(job, kernels);
  w.reduce = std::get<graph::WindowAttr>(node_of(job).attr).kind;
  return make_kernels(job, w, std::move(kernels));
}

}  // namespace burin::lower
