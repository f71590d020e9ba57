// Each group looks a few groups ahead for those that may run in its place.
#include "lower/siblings.h"

#include <algorithm>
#include <optional>

#include "lower/expr_build.h"
#include "lower/storage.h"

namespace burin::lower {

namespace {

using graph::Graph;
using graph::NodeId;
using graph::Op;

constexpr size_t kWindow = 48;         // groups looked ahead
constexpr size_t kMostValues = 4;      // of one kernel
constexpr size_t kMostNodes = 48;      // of its expression
constexpr int64_t kWorthBytes = 1024;  // of what is shared

bool same_place(const View& a, const View& b) {
  return a.offset == b.offset && a.strides == b.strides && a.dtype == b.dtype;
}

class Joiner {
 public:
  Joiner(const Graph& graph, Grouping& grouping)
      : graph_(graph),
        grouping_(grouping),
        groups_(grouping.groups),
        storage_(graph, grouping.groups),
        made_(groups_.size()),
        gone_(groups_.size(), false) {}

  void run() {
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (!gone_[i] && may_join(groups_[i])) look_ahead(i);
    }
    erase_groups(groups_, gone_);
  }

 private:
  static bool may_join(const Group& g) {
    return (g.kind == Group::Kind::map || g.kind == Group::Kind::row) && g.value == g.root;
  }

  // Whether b's loops are a's.
  bool same_loops(const Group& a, const Group& b) const {
    return a.kind == b.kind && a.space == b.space && a.reduced == b.reduced &&
           a.output.coefs == b.output.coefs &&
           size_of(graph_.type(a.target).dtype) == size_of(graph_.type(b.target).dtype);
  }

  void look_ahead(size_t i) {
    size_t end = std::min(groups_.size(), i + kWindow);
    for (size_t j = i + 1; j < end && groups_[i].siblings.size() + 1 < kMostValues; ++j) {
      if (gone_[j] || !may_join(groups_[j]) || !same_loops(groups_[i], groups_[j])) continue;
      if (shares(i, j) && may_move(j, i)) join(i, j);
    }
  }

  // The expression of a group with its siblings.
  const Fused& fused(size_t i) {
    if (!made_[i]) made_[i] = build_expr(graph_, grouping_, groups_[i]);
    return *made_[i];
  }

  // Whether both read the same elements of a buffer at each point, or j what i computes, and most
  // points have one of their own.
  bool shares(size_t i, size_t j) {
    const Fused &a = fused(i), &b = fused(j);
    if (a.expr.nodes.size() + b.expr.nodes.size() > kMostNodes) return false;
    const Dims& space = groups_[i].space;
    int64_t points = Shape(space).elements();
    auto at_same_place = [&](const View& y, const View& x) {
      return same_place(x, y) && storage_.of(a.buffers[static_cast<size_t>(x.pointer)]) ==
                                     storage_.of(b.buffers[static_cast<size_t>(y.pointer)]);
    };
    for (const View& y : b.expr.views) {
      int64_t elements = elements_touched(y, space);
      if (2 * elements < points || elements * size_of(y.dtype) < kWorthBytes) continue;
      for (const View& x : a.expr.views) {
        if (at_same_place(y, x)) return true;
      }
      for (const View& x : a.outputs) {
        if (at_same_place(y, x)) return true;
      }
    }
    return false;
  }

  // Whether group j may run at the place of group i: all that it reads is known there. What i
  // computes counts as known where j takes it at the same points, or for the same rows.
  bool may_move(size_t j, size_t i) {
    const Fused& moved = fused(j);
    for (size_t k = i; k < j; ++k) {
      if (gone_[k] || groups_[k].kind == Group::Kind::alias) continue;
      bool clear = true;
      groups_[k].each([&](const Group& writer) {
        for (size_t p = 0; p < moved.buffers.size(); ++p) {
          if (storage_.of(moved.buffers[p]) != storage_.of(writer.target)) continue;
          if (k != i || !taken_in_place(i, moved, static_cast<int>(p))) clear = false;
        }
      });
      if (!clear) return false;
    }
    return true;
  }

  bool taken_in_place(size_t i, const Fused& moved, int pointer) {
    for (const View& out : moved.outputs) {
      if (out.pointer == pointer) return false;
    }
    const Fused& at = fused(i);
    for (const View& view : moved.expr.views) {
      if (view.pointer != pointer) continue;
      bool found = std::any_of(at.outputs.begin(), at.outputs.end(), [&](const View& out) {
        return same_place(view, out) && view.dtype == DType::f32 &&
               at.buffers[static_cast<size_t>(out.pointer)] ==
                   moved.buffers[static_cast<size_t>(pointer)];
      });
      if (!found) return false;
    }
    return true;
  }

  void join(size_t i, size_t j) {
    groups_[i].siblings.push_back(std::move(groups_[j]));
    gone_[j] = true;
    made_[i].reset();
  }

  const Graph& graph_;
  Grouping& grouping_;
  std::vector<Group>& groups_;
  Storage storage_;
  std::vector<std::optional<Fused>> made_;
  std::vector<bool> gone_;
};

}  // namespace

void join_siblings(const Graph& graph, Grouping& grouping) { Joiner(graph, grouping).run(); }

}  // namespace burin::lower
