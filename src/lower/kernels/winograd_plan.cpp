// How a Winograd convolution is cut, by an estimate of its cycles on one core.
#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/tiles.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

namespace {

constexpr double kStoresPerCycle = 0.9;  // to lines that are at hand
constexpr double kL3BytesPerCycle = 10;  // weights and inputs read again
constexpr double kCyclesPerPixel = 2;    // of the result: the epilogue's, per vector
constexpr int64_t kBlocks[] = {6, 8, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 84, 112};
constexpr int64_t kMostPanelVectors = 4;
constexpr double kMostRepeated = 0.03;  // share of work that more tiles may add
// Where the second-level cache cannot hold the inputs: more time to write them, and the share of
// the time to read them again that shows. For vectors of 512 bits; narrower ones hide more.
constexpr double kSpilledInputs = 2, kSpilledReads = 0.4, kWideBits = 512;
constexpr double kOddTiles = 0.3;
constexpr double kNarrowPanel = 1.05;  // one more variant of the code

class WinogradEstimate {
 public:
  WinogradEstimate(const Conv& conv, int64_t outputs, const loop::Machine& machine)
      : conv_(conv), machine_(machine), points_(winograd_points(outputs)) {
    lanes_ = machine.lanes(loop::Elem::f32);
    alpha_ = static_cast<double>(points_.count());
    m_ = static_cast<double>(outputs);
    pairs_ = static_cast<double>(points_.pairs.size());
    vectors_in_ = static_cast<double>(ceil_div(conv.in, lanes_));
    vectors_out_ = static_cast<double>(ceil_div(conv.out, lanes_));
  }

  WinogradPlan best() const {
    WinogradPlan best;
    for (int64_t target : kBlocks) {
      WinogradPlan plan = cut_winograd(conv_, points_.outputs(), target);
      for (plan.vectors = 1; plan.vectors <= kMostPanelVectors; ++plan.vectors) {
        if (static_cast<double>(plan.vectors) > vectors_out_) break;
        int64_t most = (machine_.vector_registers - 1 - plan.vectors) / plan.vectors;
        plan.rows = ceil_div(plan.block, ceil_div(plan.block, most));
        plan.panels = ceil_div(conv_.out, plan.vectors * lanes_);
        for (int64_t chunk : {int64_t{0}, chunk_for(plan)}) {
          if (chunk > 0 && !conv_.weights) continue;
          plan.chunk = chunk;
          estimate(plan);
          if (best.cycles == 0 || plan.cycles < best.cycles) best = plan;
        }
      }
      if (plan.blocks == 1) break;
    }
    return best;
  }

 private:
  // Of one Winograd tile: all its input channels, all its output channels.
  double input_cycles() const {
    double ops = 2 * alpha_ * (2 * pairs_ + 2 * pairs_ * pairs_);
    double stores = alpha_ * alpha_ / kStoresPerCycle;
    return kCyclesPerTransform + vectors_in_ * std::max(ops / kTransformOpsPerCycle, stores);
  }
  double output_cycles() const {
    double ops = (alpha_ + m_) * (2 * pairs_ + m_ * pairs_ + 1);
    return kCyclesPerTransform +
           vectors_out_ * (ops / kTransformOpsPerCycle + kCyclesPerPixel * m_ * m_);
  }
  // Of all weights.
  double weight_cycles() const {
    double ops = (3 + alpha_) * 3 * pairs_, stores = alpha_ * alpha_ * machine_.cycles_per_line;
    return static_cast<double>(conv_.in) * vectors_out_ *
           std::max(ops / kTransformOpsPerCycle, stores);
  }

  // Input channels whose transformed weights share the second-level cache with the block's inputs,
  // or take about half of it where those do not fit.
  int64_t chunk_for(const WinogradPlan& plan) const {
    double row = 4 * alpha_ * alpha_ * static_cast<double>(plan.vectors * lanes_);
    auto cache = static_cast<double>(machine_.l2_bytes);
    double room = 0.95 * cache - input_bytes(plan) - row * static_cast<double>(plan.block);
    if (room < 0.3 * cache) room = 0.6 * cache;
    auto most = static_cast<int64_t>(room / row);
    int64_t chunks = ceil_div(conv_.in, std::max<int64_t>(most, 1));
    for (int64_t n = chunks; n <= 2 * chunks; ++n) {
      if (conv_.in % n == 0) return conv_.in / n;
    }
    return conv_.in;
  }

  // Of a block's transformed inputs.
  double input_bytes(const WinogradPlan& plan) const {
    return 4 * alpha_ * alpha_ * static_cast<double>(plan.block * conv_.in);
  }

  // Of one block: one point's register tiles over one input channel, all panels.
  double step_cycles(const WinogradPlan& plan, double k) const {
    auto v = static_cast<double>(plan.vectors);
    auto tiles = static_cast<double>(ceil_div(plan.block, plan.rows));
    double rows = static_cast<double>(plan.block) / tiles;
    double bytes = v * machine_.vector_bits / 8, around = (20 + 3 * rows * v) / k;
    if (plan.chunk > 0 && plan.chunk < conv_.in) around += machine_.cycles_per_line * rows * v / k;
    double cycles = std::max({rows * v / kFmasPerCycle, (rows + v) / kLoadsPerCycle, kFmaLatency});
    double first = std::max(cycles, bytes / kL2BytesPerCycle);
    double panels = vectors_out_ / v;  // a narrower one counts as its share
    if (ceil_div(conv_.out, lanes_) % plan.vectors != 0) panels *= kNarrowPanel;
    return panels * (first + (tiles - 1) * cycles + tiles * around);
  }

  // Few blocks make tiles of some of the panels each: an even number of tiles, more where their
  // inputs cost little.
  void choose_groups(WinogradPlan& plan, double products) const {
    plan.panel_block = plan.panels;
    if (plan.blocks >= kEnoughTiles) return;
    double input = input_cycles() * static_cast<double>(plan.grid.tiles);
    if (input_bytes(plan) > static_cast<double>(machine_.l2_bytes)) {
      input *= 1 + kSpilledInputs * machine_.vector_bits / kWideBits;
    }
    auto cheap = 1 + static_cast<int64_t>(kMostRepeated * products / input);
    int64_t least = plan.blocks % 2 == 0 ? 1 : 2, most = ceil_div(kEnoughTiles, plan.blocks);
    int64_t groups = std::min(std::clamp(cheap, least, most), plan.panels);
    plan.panel_block = ceil_div(plan.panels, groups);
  }

  void estimate(WinogradPlan& plan) const {
    double points = alpha_ * alpha_, blocks = static_cast<double>(plan.blocks);
    auto in = static_cast<double>(conv_.in), tiles = static_cast<double>(plan.grid.tiles);
    double k = static_cast<double>(plan.chunk > 0 ? plan.chunk : conv_.in);
    double products = step_cycles(plan, k) * in * points * blocks;
    choose_groups(plan, products);
    double pairs = 4 * in * vectors_out_ * static_cast<double>(lanes_);  // bytes of a tap
    double v = input_bytes(plan);
    double row = 4 * points * static_cast<double>(plan.vectors * lanes_);
    double m = row * static_cast<double>(plan.block);
    double cache = 0.8 * static_cast<double>(machine_.l2_bytes);
    double panels = blocks * static_cast<double>(plan.panels), again = 0;
    double read = plan.chunk > 0 ? 9 * pairs : points * pairs;
    if (plan.chunk > 0) products += weight_cycles() * blocks;
    if (!conv_.weights) products += weight_cycles();
    if (v + m > cache) again += v * panels;
    if (m > cache / 2) again += 2 * m * panels;
    // Of the time that reading takes a part hides behind the products.
    double waits = read / kMemoryBytesPerCycle, hidden = 0.8;
    double wide = machine_.vector_bits / kWideBits, later = read / kL3BytesPerCycle;
    // Only the first block waits for memory; the others take their products' time at least, which
    // narrow vectors make the longer one.
    if (wide < 1) later = std::max(later, products / blocks);
    double streams = waits + (plan.chunk > 0 ? 0 : (blocks - 1) * later);
    double spilled = kSpilledReads * wide * again / kL3BytesPerCycle;
    products = std::max(products + (1 - hidden) * waits + spilled, streams);
    double input = input_cycles() * tiles * static_cast<double>(plan.groups());
    if (v > static_cast<double>(machine_.l2_bytes)) input *= 1 + kSpilledInputs * wide;
    plan.cycles = input + products + output_cycles() * tiles;
    plan.cycles *= 1 + kOddTiles * (2 * larger_half(plan) - 1);
  }

  // The share of the work of that of two threads which has more: an odd number of tiles, or groups
  // of different width, leave the other one waiting.
  double larger_half(const WinogradPlan& plan) const {
    int64_t tiles = plan.blocks * plan.groups(), first = 0, all = 0;
    for (int64_t t = 0; t < tiles; ++t) {
      int64_t from = t / plan.blocks * plan.panel_block * plan.vectors;
      int64_t width =
          std::min(plan.panel_block * plan.vectors, static_cast<int64_t>(vectors_out_) - from);
      all += width;
      if (t < tiles / 2) first += width;
    }
    return static_cast<double>(std::max(first, all - first)) / static_cast<double>(all);
  }

  const Conv& conv_;
  const loop::Machine& machine_;
  WinogradPoints points_;
  int64_t lanes_;
  double alpha_, m_, pairs_, vectors_in_, vectors_out_;
};

}  // namespace

Contraction winograd_products(const Conv& conv, int64_t block, uint16_t lanes) {
  Contraction c;
  c.nest.lanes = lanes;
  c.nest.m = block;
  c.nest.n = conv.out;
  c.k = conv.in;
  return c;
}

WinogradPlan cut_winograd(const Conv& conv, int64_t m, int64_t block) {
  const Shape& result = conv.fused.shape;
  WinogradPlan plan;
  plan.points = winograd_points(m);
  plan.grid.tiles_h = ceil_div(result[1], m);
  plan.grid.tiles_w = ceil_div(result[2], m);
  plan.grid.tiles = result[0] * plan.grid.tiles_h * plan.grid.tiles_w;
  plan.blocks = ceil_div(plan.grid.tiles, block);
  plan.block = ceil_div(plan.grid.tiles, plan.blocks);
  return plan;
}

WinogradPlan plan_winograd(const Conv& conv, int64_t m, const loop::Machine& machine) {
  return WinogradEstimate(conv, m, machine).best();
}

}  // namespace burin::lower
