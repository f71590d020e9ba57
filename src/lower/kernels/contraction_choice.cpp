// Plans of contractions as parameters: written, read back with every value checked, and varied.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"

namespace burin::lower {

namespace {

constexpr size_t kMostTileShapes = 6;
constexpr int64_t kFewestTiles = 16, kMostTiles = 1024;  // of the plan, among alternatives

// The most that each part of a schedule may be.
struct Limits {
  int64_t outer = 1, m_tiles = 1, panels = 1;

  Limits(const Nest& nest, int64_t rows, int64_t vectors) {
    for (const OuterAxis& axis : nest.outer) outer *= axis.extent;
    m_tiles = ceil_div(nest.m, rows);
    panels = split_panels(nest.n, vectors * nest.lanes).count();
  }
};

bool may_prefetch(const Contraction& c) {
  if (reads_in_place(c)) return false;
  for (size_t i = 0; i < c.nest.outer.size(); ++i) {
    if (c.rhs_sizes[i] != 1) return false;
  }
  return true;
}

// Plans that differ from `around` in one respect, each once.
class Neighbours {
 public:
  Neighbours(const Contraction& c, const ContractionPlan& around, const loop::Machine& machine)
      : c_(c), around_(around), machine_(machine) {}

  std::vector<Parameters> find() {
    tiles();
    blocks();
    if (may_prefetch(c_)) {
      for (int scale : {0, 4, 8}) add(around_.schedule, scale);
    }
    return std::move(found_);
  }

 private:
  // The register tiles that the model likes best, among them for each width those that share m
  // evenly. The tiles of the plan keep their size.
  void tiles() {
    std::vector<std::pair<double, std::pair<int64_t, int64_t>>> shapes;
    const Schedule& s = around_.schedule;
    for (int64_t vectors = 1; vectors <= kMostVectors; ++vectors) {
      int64_t before = 0;
      for (int64_t rows = std::min<int64_t>(c_.nest.m, kMostRows); rows >= 1; --rows) {
        int64_t even = ceil_div(c_.nest.m, ceil_div(c_.nest.m, rows));
        auto cycles = estimate_tile(c_, even, vectors, machine_);
        if (!cycles || even == before) continue;
        before = even;
        shapes.push_back({*cycles, {even, vectors}});
      }
      if (vectors * c_.nest.lanes >= c_.nest.n) break;
    }
    std::sort(shapes.begin(), shapes.end());
    for (size_t i = 0; i < std::min(shapes.size(), kMostTileShapes); ++i) {
      auto [rows, vectors] = shapes[i].second;
      if (rows == s.rows && vectors == s.vectors) continue;
      Limits limits(c_.nest, rows, vectors);
      Schedule other{rows, vectors, s.outer_block, 1, 1};
      other.m_block = std::clamp<int64_t>(s.m_block * s.rows / rows, 1, limits.m_tiles);
      other.panel_block =
          std::clamp<int64_t>(s.panel_block * s.vectors / vectors, 1, limits.panels);
      add(other, around_.prefetch);
    }
  }

  void blocks() {
    Limits limits(c_.nest, around_.schedule.rows, around_.schedule.vectors);
    auto vary = [&](int64_t Schedule::*part, int64_t most) {
      int64_t size = around_.schedule.*part;
      for (int64_t other :
           {ceil_div(size, int64_t{2}), std::min(size * 2, most), int64_t{1}, most}) {
        Schedule s = around_.schedule;
        s.*part = other;
        add(s, around_.prefetch);
      }
    };
    vary(&Schedule::m_block, limits.m_tiles);
    vary(&Schedule::panel_block, limits.panels);
    vary(&Schedule::outer_block, limits.outer);
  }

  // Few tiles would starve threads, whose number nobody knows.
  void add(const Schedule& schedule, int prefetch) {
    int64_t now = tile_count(c_.nest, around_.schedule), tiles = tile_count(c_.nest, schedule);
    if (tiles < std::min(now, kFewestTiles) || tiles > std::max(now, kMostTiles)) return;
    Parameters p = parameters_of({schedule, prefetch});
    if (p == parameters_of(around_)) return;
    if (std::find(found_.begin(), found_.end(), p) == found_.end()) found_.push_back(std::move(p));
  }

  const Contraction& c_;
  const ContractionPlan& around_;
  const loop::Machine& machine_;
  std::vector<Parameters> found_;
};

}  // namespace

Parameters parameters_of(const ContractionPlan& plan) {
  const auto& [rows, vectors, outer_block, m_block, panel_block] = plan.schedule;
  return {{"rows", rows},       {"vectors", vectors},         {"outer_block", outer_block},
          {"m_block", m_block}, {"panel_block", panel_block}, {"prefetch", plan.prefetch}};
}

std::optional<ContractionPlan> plan_from(const Parameters& parameters, const Contraction& c,
                                         const loop::Machine& machine) {
  auto read = [&](std::string_view name, int64_t least, int64_t most) -> int64_t {
    int64_t value = find_parameter(parameters, name).value_or(-1);
    return value >= least && value <= most ? value : -1;
  };
  const Nest& nest = c.nest;
  int64_t rows = read("rows", 1, std::min<int64_t>(nest.m, kMostRows));
  int64_t vectors =
      read("vectors", 1, std::min<int64_t>(ceil_div(nest.n, nest.lanes), kMostVectors));
  if (rows < 0 || vectors < 0 || !estimate_tile(c, rows, vectors, machine)) return std::nullopt;
  Limits limits(nest, rows, vectors);
  ContractionPlan plan;
  plan.schedule = {rows, vectors, read("outer_block", 1, limits.outer),
                   read("m_block", 1, limits.m_tiles), read("panel_block", 1, limits.panels)};
  plan.prefetch = static_cast<int>(read("prefetch", 0, may_prefetch(c) ? 8 : 0));
  const Schedule& s = plan.schedule;
  bool blocks = s.outer_block > 0 && s.m_block > 0 && s.panel_block > 0;
  bool prefetch = plan.prefetch == 0 || plan.prefetch == 4 || plan.prefetch == 8;
  if (!blocks || !prefetch) return std::nullopt;
  return plan;
}

std::vector<Parameters> contraction_alternatives(const Contraction& c, const Parameters& around,
                                                 const loop::Machine& machine) {
  std::optional<ContractionPlan> plan = plan_from(around, c, machine);
  if (!plan) return {};
  return Neighbours(c, *plan, machine).find();
}

}  // namespace burin::lower
