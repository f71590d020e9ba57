// Which register tile and which blocking: a small cost model over what the machine holds.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

namespace {

constexpr double kCyclesPerLoad = 0.01;   // even where loads hide behind sums
constexpr double kCostPerVariant = 0.01;  // share: each variant of the tile is code to be written
constexpr double kAboutEqual = 1.012;     // estimates no further apart do not differ
constexpr double kTileFlops = 5e5;        // the least work worth a tile of its own
constexpr int64_t kMostBlocks = 64;       // of rows, that are tiles of the plan
constexpr int64_t kEnoughBlocks = 16;     // times panels, where each block reads all weights
constexpr int64_t kLongRun = 4096;        // bytes along a row that are worth a change of order
constexpr int64_t kMostRuns = 1024;       // tiles of the plan that it may make
constexpr int64_t kFewRows = 4;           // through which weights pass as fast as memory gives them
constexpr int64_t kStreams = 2;           // of weights, for threads to share

int64_t registers_needed(int64_t rows, int64_t vectors, const loop::Machine& machine) {
  bool from_memory = vectors == 1 && machine.splat_operands;  // the splat needs no register
  return rows * vectors + vectors + (from_memory ? 0 : 1);
}

// Steps of each sum.
int64_t steps_of(const Contraction& c) {
  int64_t steps = c.k * c.nest.m_tap.extent;
  for (const Tap& tap : c.nest.taps) steps *= tap.extent;
  return steps;
}

// Cycles for one k of one register tile.
double step_cycles(int64_t rows, int64_t vectors, double weight_bytes, bool weights_in_l1) {
  auto r = static_cast<double>(rows), v = static_cast<double>(vectors);
  double cycles = std::max({r * v / kFmasPerCycle, (r + v) / kLoadsPerCycle, kFmaLatency});
  if (!weights_in_l1) cycles = std::max(cycles, weight_bytes / kL2BytesPerCycle);
  return cycles + kCyclesPerLoad * (r + v);
}

// Cycles to cover all of m and n once, per k.
double cover_cycles(const Contraction& c, int64_t rows, int64_t vectors,
                    const loop::Machine& machine) {
  const Nest& nest = c.nest;
  double k = std::max(static_cast<double>(steps_of(c)), 1.0);
  double total = 0, variants = 0;
  auto panel = [&](int64_t vectors_here, double count) {
    double bytes = static_cast<double>(vectors_here) * machine.vector_bits / 8;
    bool in_l1 = bytes * k <= static_cast<double>(machine.l1_bytes) / 2;
    for (const Segment& s : split_rows(nest.m, rows, nest.m_tap)) {
      // Around the loop over k: clearing, the epilogue, storing.
      double around = 20 + 3.0 * static_cast<double>(s.rows * vectors_here);
      double cycles = step_cycles(s.rows, vectors_here, bytes, in_l1) + around / k;
      total += count * cycles * static_cast<double>(s.tiles);
      ++variants;
    }
  };
  Panels panels = split_panels(nest.n, vectors * nest.lanes);
  if (panels.full > 0) panel(vectors, static_cast<double>(panels.full));
  if (panels.rest > 0) panel(ceil_div(panels.rest, nest.lanes), 1);
  return total * (1 + kCostPerVariant * variants);
}

// A right-hand side that is read where it is has the rows of a panel far apart. Where few of them
// make a long run of panels fit the second-level cache, such runs pass over one register tile's
// rows at a time: what follows the sums walks along its memory too.
std::optional<Schedule> schedule_in_runs(const Contraction& c, Schedule s,
                                         const loop::Machine& machine) {
  int64_t panel = s.vectors * c.nest.lanes * 4;  // bytes of a row
  int64_t panels = split_panels(c.nest.n, s.vectors * c.nest.lanes).count();
  int64_t run = std::min(machine.l2_bytes / 4 / (panel * std::max<int64_t>(c.k, 1)), panels);
  if (s.m_block == 1 || run * panel < kLongRun) return std::nullopt;
  if (s.m_block * ceil_div(panels, run) > kMostRuns) return std::nullopt;
  s.m_block = 1;
  s.panel_block = run;
  return s;
}

Schedule choose_schedule(const Contraction& c, const TileChoice& tile,
                         const loop::Machine& machine) {
  const Nest& nest = c.nest;
  int64_t outer = 1, rows = steps_of(c);
  for (const OuterAxis& axis : nest.outer) outer *= axis.extent;
  int64_t m_tiles = ceil_div(nest.m, tile.rows);
  int64_t panels = split_panels(nest.n, tile.vectors * nest.lanes).count();

  Schedule own{tile.rows, tile.vectors, 1, m_tiles, panels};
  if (outer >= kEnoughBlocks && packs_in_tile(c, own, machine)) return own;

  // Weights that stay in the second-level cache are used whole for a few rows at a time; others
  // pass once, a panel at a time, over all rows.
  bool weights_stay = nest.n * rows * 4 <= machine.l2_bytes / 2;
  Schedule s{tile.rows, tile.vectors, 1, m_tiles, weights_stay ? panels : 1};
  if (!weights_stay && outer == 1 && reads_in_place(c)) {
    if (auto in_runs = schedule_in_runs(c, s, machine)) return *in_runs;
  }
  if (!weights_stay && !c.weights && outer == 1 && !packs_left(c)) {
    // All panels pass over a block of rows that stays in the second-level cache, if that reads
    // less.
    int64_t row = rows * 4, block = std::max<int64_t>(machine.l2_bytes / 2 / row / tile.rows, 1);
    block = std::min(block, ceil_div(m_tiles, kEnoughBlocks));
    if (ceil_div(m_tiles, block) * nest.n < panels * nest.m) {
      s.m_block = block;
      s.panel_block = panels;
      return s;
    }
  }
  double flops = c.flops / static_cast<double>(ceil_div(panels, s.panel_block));  // of all rows
  int64_t blocks = std::clamp<int64_t>(static_cast<int64_t>(flops / kTileFlops), 1, kMostBlocks);
  if (!weights_stay) blocks = std::min(blocks, ceil_div(kEnoughBlocks, panels));
  if (outer >= blocks) {
    s.outer_block = ceil_div(outer, blocks);
  } else {
    s.m_block = ceil_div(m_tiles, ceil_div(blocks, outer));
  }
  return s;
}

// The scale for Contraction::prefetch.
int choose_prefetch(const Contraction& c, const Schedule& schedule, const loop::Machine& machine) {
  const Nest& nest = c.nest;
  int64_t outer = 1, rows = steps_of(c);
  for (size_t i = 0; i < nest.outer.size(); ++i) {
    outer *= nest.outer[i].extent;
    if (c.rhs_sizes[i] != 1) return 0;
  }
  int64_t tiles = std::min(schedule.m_block, ceil_div(nest.m, schedule.rows)) *
                  std::min(schedule.outer_block, outer);
  bool pass_once = nest.n * rows * 4 > machine.l2_bytes / 2;
  if (!pass_once || tiles < 3) return 0;  // few tiles: the hardware's streams do as well
  // Those of a tile of the plan must cover a panel: vectors * lanes bytes for each byte of a row of
  // inputs.
  return 8 * tiles * 4 >= 7 * schedule.vectors * nest.lanes ? 4 : 8;
}

// Vectors of a panel at most. Where few rows wait for weights from memory, narrow panels are as
// fast as wide ones, and there are several.
int64_t widest_panel(const Contraction& c, const loop::Machine& machine) {
  int64_t all = ceil_div(c.nest.n, c.nest.lanes);
  int64_t bytes = c.nest.n * steps_of(c) * kF32Bytes;
  bool waits = c.weights && c.nest.m <= kFewRows && bytes > machine.l2_bytes;
  return std::min(waits ? std::max<int64_t>(ceil_div(all, kStreams), 2) : all, kMostVectors);
}

}  // namespace

std::optional<double> estimate_tile(const Contraction& c, int64_t rows, int64_t vectors,
                                    const loop::Machine& machine) {
  int64_t product = c.elem == loop::Elem::f32 ? 0 : 1;  // before it is added
  if (registers_needed(rows, vectors, machine) + product > machine.vector_registers) {
    return std::nullopt;
  }
  return cover_cycles(c, rows, vectors, machine);
}

TileChoice choose_tile(const Contraction& c, const loop::Machine& machine) {
  std::vector<TileChoice> tiles;
  double least = 0;
  int64_t most_vectors = widest_panel(c, machine);
  for (int64_t vectors = 1; vectors <= most_vectors; ++vectors) {
    for (int64_t rows = 1; rows <= std::min(c.nest.m, kMostRows); ++rows) {
      std::optional<double> cycles = estimate_tile(c, rows, vectors, machine);
      if (!cycles) break;
      tiles.push_back({rows, vectors, *cycles});
      if (least == 0 || *cycles < least) least = *cycles;
    }
  }
  // Of those that take about as long, the one with the fewest streams of inputs.
  TileChoice best;
  for (const TileChoice& tile : tiles) {
    if (tile.cycles > least * kAboutEqual) continue;
    auto rank = [](const TileChoice& t) { return std::pair(t.rows, t.cycles); };
    if (best.cycles == 0 || rank(tile) < rank(best)) best = tile;
  }
  return best;
}

ContractionPlan estimate_plan(const Contraction& c, const loop::Machine& machine) {
  ContractionPlan plan;
  plan.schedule = choose_schedule(c, choose_tile(c, machine), machine);
  if (!reads_in_place(c)) plan.prefetch = choose_prefetch(c, plan.schedule, machine);
  return plan;
}

}  // namespace burin::lower
