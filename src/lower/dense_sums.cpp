// Each row group of sums looks for the dense groups that write one of the buffers it reads.
#include "lower/dense_sums.h"

#include <algorithm>
#include <optional>

#include "lower/expr_build.h"
#include "lower/storage.h"

namespace burin::lower {

namespace {

using graph::Graph;
using graph::NodeId;
using graph::Op;

constexpr int64_t kFewestImages = 8;  // each is a tile: fewer would starve threads

// Whether the convolution goes by the kernels that take sums, whatever they are estimated to cost:
// one filter for each channel, or a window of one tap. The former computes little on much: where
// the sums read something else of that size besides, a row kernel is as fast.
bool takes_sums(const Graph& graph, NodeId id, bool reads_others) {
  const graph::Node& node = graph[id];
  if (node.op != Op::convolution || node.type.dtype != DType::f32) return false;
  const auto& attr = std::get<graph::ConvAttr>(node.attr);
  const Dims& w = graph.type(node.operands[1]).shape.dims();
  bool depthwise = w.end()[-2] == 1 && w.back() == attr.groups;
  if (attr.groups > 1) return depthwise && !reads_others;
  return std::all_of(w.begin(), w.end() - 2, [](int64_t taps) { return taps == 1; });
}

class SumsJoiner {
 public:
  SumsJoiner(const Graph& graph, Grouping& grouping)
      : graph_(graph),
        grouping_(grouping),
        groups_(grouping.groups),
        storage_(graph, grouping.groups),
        gone_(groups_.size(), false) {}

  void run() {
    for (size_t r = 0; r < groups_.size(); ++r) {
      if (groups_[r].kind == Group::Kind::row) join(r);
    }
    erase_groups(groups_, gone_);
  }

 private:
  void join(size_t r) {
    const Group& row = groups_[r];
    if (!keeps_images(row)) return;
    Fused fused = build_expr(graph_, grouping_, row);
    if (!only_sums(fused)) return;
    for (const View& view : fused.expr.views) {
      std::optional<size_t> channels = channels_of(row, view);
      if (!channels || !runs_along(fused, *channels) || !reads_once(fused, view)) continue;
      NodeId read = storage_.of(fused.buffers[static_cast<size_t>(view.pointer)]);
      std::vector<size_t> writers = writers_of(read, r);
      std::vector<Walk> walks = walks_of(row, fused, view);
      bool others = reads_others(row, fused, view);
      std::vector<DenseSums> sums;
      for (size_t w : writers) {
        auto axes = axes_between(groups_[w], walks, view);
        if (!axes || !sums_images(groups_[w], row, *axes) || !takes(w, others)) break;
        sums.push_back({row, *std::move(axes), w == writers.front()});
      }
      if (sums.empty() || sums.size() < writers.size()) continue;
      if (!covers(writers, row.space) || !may_move(fused, read, writers.front(), r)) continue;
      for (size_t i = 0; i < writers.size(); ++i) {
        groups_[writers[i]].sums.push_back(std::move(sums[i]));
      }
      gone_[r] = true;
      return;
    }
  }

  // Whether the row's results have two axes, the first one of images.
  static bool keeps_images(const Group& row) {
    Dims kept;
    for (size_t i = 0; i < row.space.size(); ++i) {
      if (!row.reduced[i] && row.space[i] != 1) kept.push_back(row.space[i]);
    }
    return kept.size() == 2 && kept[0] >= kFewestImages;
  }

  // The second of them, if the view runs along it.
  static std::optional<size_t> channels_of(const Group& row, const View& view) {
    for (size_t i = row.space.size(); i-- > 0;) {
      if (row.reduced[i] || row.space[i] == 1) continue;
      return view.strides[i] == 1 ? std::optional(i) : std::nullopt;
    }
    return std::nullopt;
  }

  // Whether each result is a sum of what the leaves at its points make.
  static bool only_sums(const Fused& fused) {
    auto is_sum = [&](int node) {
      return fused.expr.nodes[static_cast<size_t>(node)].kind == ExprNode::Kind::acc;
    };
    for (const ExprNode& node : fused.expr.nodes) {
      if (node.kind == ExprNode::Kind::index) return false;
      for (int operand : node.operands) {
        if (operand >= 0 && is_sum(operand)) return false;
      }
    }
    return std::all_of(fused.expr.results.begin(), fused.expr.results.end(), is_sum) &&
           std::all_of(fused.reduces.begin(), fused.reduces.end(), [](const RowReduce& r) {
             return r.kind == graph::ReduceKind::sum && r.dtype == DType::f32;
           });
  }

  // Whether no other view reads another place of the same buffer.
  bool reads_once(const Fused& fused, const View& view) const {
    auto buffer = [&](const View& v) {
      return storage_.of(fused.buffers[static_cast<size_t>(v.pointer)]);
    };
    return std::all_of(fused.expr.views.begin(), fused.expr.views.end(),
                       [&](const View& v) { return &v == &view || buffer(v) != buffer(view); });
  }

  static bool runs_along(const Fused& fused, size_t axis) {
    return has_vectors(fused.expr, axis) &&
           std::all_of(fused.outputs.begin(), fused.outputs.end(),
                       [&](const View& view) { return view.strides[axis] == 1; });
  }

  static bool has_vectors(const Expr& expr, size_t axis) {
    return std::all_of(expr.views.begin(), expr.views.end(), [&](const View& view) {
      return view.dtype == DType::f32 && (view.strides[axis] == 0 || view.strides[axis] == 1);
    });
  }

  // The groups before r that write the buffer; none if one of them is not dense.
  std::vector<size_t> writers_of(NodeId buffer, size_t r) const {
    std::vector<size_t> writers;
    for (size_t i = 0; i < r; ++i) {
      if (gone_[i] || groups_[i].kind == Group::Kind::alias) continue;
      bool writes = false;
      groups_[i].each([&](const Group& g) { writes = writes || storage_.of(g.target) == buffer; });
      if (!writes) continue;
      if (groups_[i].kind != Group::Kind::dense || storage_.of(groups_[i].target) != buffer)
        return {};
      writers.push_back(i);
    }
    return writers;
  }

  // Whether the row reads another view of as many elements as it has points.
  static bool reads_others(const Group& row, const Fused& fused, const View& view) {
    int64_t points = Shape(row.space).elements();
    return std::any_of(fused.expr.views.begin(), fused.expr.views.end(), [&](const View& v) {
      return &v != &view && 2 * elements_touched(v, row.space) > points;
    });
  }

  bool takes(size_t w, bool others) const {
    const Group& dense = groups_[w];
    if (!dense.sums.empty() || dense.space.empty()) return false;
    if (!takes_sums(graph_, dense.anchor, others)) return false;
    return has_vectors(build_expr(graph_, grouping_, dense).expr, dense.space.size() - 1);
  }

  // Neighbours in memory that every view of a row walks as one axis.
  struct Walk {
    size_t axis = 0;  // the innermost of them
    int64_t size = 1;
  };

  // The row's axes as the view reads them, outermost in memory first; none if it skips some.
  static std::vector<Walk> walks_of(const Group& row, const Fused& fused, const View& view) {
    std::vector<size_t> order;
    for (size_t i = 0; i < row.space.size(); ++i) {
      if (row.space[i] != 1) order.push_back(i);
    }
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return view.strides[a] > view.strides[b]; });
    std::vector<Walk> walks;
    int64_t inner = 1;
    for (size_t i = order.size(); i-- > 0; inner *= row.space[order[i]]) {
      if (view.strides[order[i]] != inner) return {};
    }
    for (size_t axis : order) {
      auto merges = [&](const View& v) {
        return v.strides[walks.back().axis] == v.strides[axis] * row.space[axis];
      };
      if (!walks.empty() && std::all_of(fused.expr.views.begin(), fused.expr.views.end(), merges) &&
          std::all_of(fused.outputs.begin(), fused.outputs.end(), merges)) {
        walks.back() = {axis, walks.back().size * row.space[axis]};
      } else {
        walks.push_back({axis, row.space[axis]});
      }
    }
    return walks;
  }

  // Where each axis of the dense group's space lies in that of the row, which reads by `view`.
  static std::optional<std::vector<AxisSource>> axes_between(const Group& dense,
                                                             const std::vector<Walk>& walks,
                                                             const View& view) {
    std::vector<AxisSource> axes;
    int64_t offset = dense.output.offset - view.offset;
    for (size_t d = 0; d < dense.space.size(); ++d) {
      int64_t coef = dense.output.coefs[d];
      auto at = std::find_if(walks.begin(), walks.end(),
                             [&](const Walk& w) { return view.strides[w.axis] <= coef; });
      if (at == walks.end() || coef % view.strides[at->axis] != 0) return std::nullopt;
      axes.push_back({static_cast<int>(at->axis), coef / view.strides[at->axis], 0});
    }
    for (const Walk& walk : walks) {
      int64_t start = offset / view.strides[walk.axis], last = start;
      offset -= start * view.strides[walk.axis];
      AxisSource* first = nullptr;
      for (size_t d = 0; d < axes.size(); ++d) {
        if (axes[d].axis != static_cast<int>(walk.axis)) continue;
        if (!first) first = &axes[d];
        last += (dense.space[d] - 1) * axes[d].multiplier;
      }
      if (!first || start < 0 || last >= walk.size) return std::nullopt;
      first->start = start;
    }
    return !axes.empty() && axes.back().multiplier == 1 ? std::optional(std::move(axes))
                                                        : std::nullopt;
  }

  // Whether the row keeps the outermost axis of the dense group's space and its channels alone, and
  // there are others.
  static bool sums_images(const Group& dense, const Group& row,
                          const std::vector<AxisSource>& axes) {
    for (size_t d = 0; d + 1 < axes.size(); ++d) {
      bool kept = !row.reduced[static_cast<size_t>(axes[d].axis)];
      if (dense.space[d] != 1 && kept != (d == 0)) return false;
    }
    return Shape(dense.space).elements() > dense.space.front() * dense.space.back();
  }

  // Whether the dense groups, each of whose points is one of the row's, make all of them.
  bool covers(const std::vector<size_t>& writers, const Dims& space) const {
    int64_t points = 0;
    for (size_t w : writers) points += Shape(groups_[w].space).elements();
    return points == Shape(space).elements();
  }

  // Whether all that the row reads beside the dense groups' buffer is known before the first of
  // them.
  bool may_move(const Fused& row, NodeId buffer, size_t first, size_t r) const {
    for (size_t k = first; k < r; ++k) {
      if (gone_[k] || groups_[k].kind == Group::Kind::alias) continue;
      bool clear = true;
      groups_[k].each([&](const Group& writer) {
        NodeId written = storage_.of(writer.target);
        auto other = [&](NodeId used) { return storage_.of(used) != written; };
        if (written != buffer) clear = clear && std::ranges::all_of(row.buffers, other);
      });
      if (!clear) return false;
    }
    return true;
  }

  const Graph& graph_;
  Grouping& grouping_;
  std::vector<Group>& groups_;
  Storage storage_;
  std::vector<bool> gone_;
};

}  // namespace

void join_dense_sums(const Graph& graph, Grouping& grouping) { SumsJoiner(graph, grouping).run(); }

}  // namespace burin::lower
