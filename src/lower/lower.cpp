// One kernel after the other, in the order of the groups.
#include "lower/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>

#include "base/check.h"
#include "graph/op_def.h"
#include "lower/bases.h"
#include "lower/dense_operands.h"
#include "lower/expr_build.h"
#include "lower/group.h"
#include "lower/kernels/list.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/map.h"
#include "lower/kernels/row.h"
#include "lower/kernels/signature.h"
#include "lower/kernels/single.h"
#include "lower/storage.h"
#include "lower/traffic.h"

namespace burin::lower {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

namespace {

// The axes of `shape` that its space keeps, as the space numbers them.
std::vector<int> axes_of_space(const Shape& shape) {
  std::vector<int> axes;
  for (size_t k = 0; k < shape.rank(); ++k) {
    if (shape[k] != 1) axes.push_back(static_cast<int>(k));
  }
  return axes;
}

// An expression over space_of(shape) as one over all axes of the shape.
Expr widen_expr(Expr expr, const Shape& shape) {
  std::vector<int> axes = axes_of_space(shape);
  for (View& view : expr.views) view = widen_view(std::move(view), shape);
  for (ExprNode& node : expr.nodes) {
    if (node.kind == ExprNode::Kind::index) node.acc = axes[static_cast<size_t>(node.acc)];
  }
  return expr;
}

// Bytes by which packed weights may exceed those of the model: a share of them up to a bound, less
// what may be packed once for each of several readers (twins among them pack it once).
int64_t spare_weights(const Graph& graph) {
  constexpr int64_t kPercent = 45, kMost = int64_t{64} << 20;
  IdVector<NodeId, int> uses = graph.use_counts();
  int64_t spare = 0, repeated = 0;
  for (size_t i = 0; i < graph.size(); ++i) {
    NodeId id(i);
    if (graph[id].op != Op::constant) continue;
    int64_t bytes = graph.type(id).bytes();
    spare += bytes / 100 * kPercent;
    repeated += bytes * std::max(uses[id] - 1, 0);
  }
  return std::min(spare, kMost) - repeated;
}

// What the kernels' constants take beyond the weights that they hold.
int64_t packed_beyond(const DenseJob& job, const DenseKernels& kernels) {
  int64_t bytes = 0;
  for (const ExtraBuffer& extra : kernels.extras) bytes += extra.fill ? extra.bytes : 0;
  for (const DenseOperand& operand : job.operands) {
    if (operand.weights) bytes -= operand.weights->type.bytes();
  }
  return std::max<int64_t>(bytes, 0);
}

// Whether two jobs of one signature read the same weights.
bool same_weights(const DenseJob& a, const DenseJob& b) {
  for (size_t i = 0; i < a.operands.size(); ++i) {
    if (a.operands[i].weights && !same_elements(*a.operands[i].weights, *b.operands[i].weights)) {
      return false;
    }
  }
  return true;
}

// The kernels of a group before they have buffers.
struct Task {
  NodeId node;                         // that asks for them
  std::vector<NodeId> nodes;           // whose buffers the pointers stand for
  std::vector<double> traffic;         // bytes that the views of each pointer touch
  std::vector<int64_t> bases;          // where in its buffer each pointer points
  std::optional<DenseJob> dense;       // what a dense group wants,
  std::optional<FusedJob> fused;       // or a map or row group,
  std::function<DenseKernels()> make;  // or how to make the others' kernels
  DenseKernels made;
  // An earlier task that wants the same kernels of the same weights: made once, packed once.
  std::optional<size_t> twin;
  bool has_twins = false;
  std::vector<BufferId> constants;  // of `made`, once it is placed
};

DenseKernels make_fused(const FusedJob& job) {
  bool reduces = std::find(job.reduced.begin(), job.reduced.end(), true) != job.reduced.end();
  return reduces ? make_row(job) : make_map(job);
}

class Lowering {
 public:
  Lowering(const Graph& graph, const loop::Machine& machine, const Options& options)
      : graph_(graph),
        machine_(machine),
        options_(options),
        grouping_(group_nodes(graph, machine)),
        storage_(graph, grouping_.groups),
        buffers_(graph.size()),
        spare_weights_(spare_weights(graph)) {}

  Lowered run() {
    bind_outputs();
    IdVector<NodeId, size_t> last(graph_.size(), 0);  // group that writes to a node's buffer
    for (size_t i = 0; i < grouping_.groups.size(); ++i) {
      grouping_.groups[i].each([&](const Group& g) { last[g.target] = i; });
    }
    make_tasks();
    for (size_t i = 0; i < grouping_.groups.size(); ++i) {
      const Group& group = grouping_.groups[i];
      group_ = i;
      if (group.kind == Group::Kind::alias) continue;
      place(i);
      group.each([&](const Group& g) {
        if (last[g.target] == i) note_result(g.target);
      });
    }
    group_ = Kernel::kNoGroup;
    for (const auto& [node, port] : copies_) copy_output(node, port);
    out_.grouping = std::move(grouping_);
    return std::move(out_);
  }

 private:
  void bind_outputs() {
    for (size_t port = 0; port < graph_.outputs.size(); ++port) {
      NodeId id = storage_.of(graph_.outputs[port].node);
      Op op = graph_[id].op;
      if (op == Op::parameter || op == Op::constant || buffers_[id].valid()) {
        copies_.push_back({id, port});
      } else {
        buffers_[id] = output_buffer(port);
      }
    }
  }

  // The latest kernel completes the value of a node.
  void note_result(NodeId id) {
    Kernel& kernel = out_.kernels.back();
    for (size_t i = 0; i < kernel.buffers.size(); ++i) {
      if (kernel.buffers[i].buffer != buffers_[id] || !kernel.writes[i]) continue;
      kernel.results.push_back({id, static_cast<int>(i)});
      return;
    }
  }

  BufferId output_buffer(size_t port) {
    Buffer buffer;
    buffer.kind = Buffer::Kind::output;
    buffer.bytes = graph_.type(graph_.outputs[port].node).bytes();
    buffer.port = static_cast<uint32_t>(port);
    return out_.buffers.push_back(std::move(buffer));
  }

  BufferId buffer_of(NodeId node) {
    NodeId id = storage_.of(node);
    if (buffers_[id].valid()) return buffers_[id];
    Buffer buffer;
    buffer.bytes = graph_.type(id).bytes();
    if (graph_[id].op == Op::parameter) {
      buffer.kind = Buffer::Kind::input;
      buffer.port = static_cast<uint32_t>(graph_.attr<graph::ParameterAttr>(id).index);
    } else if (graph_[id].op == Op::constant) {
      buffer.kind = Buffer::Kind::constant;
      buffer.constant = graph_.constant(id);
    }
    return buffers_[id] = out_.buffers.push_back(std::move(buffer));
  }

  // The layer that asked for a node.
  std::string name_of_node(NodeId id) const {
    graph::SourceId source = graph_[id].source;
    if (source.valid() && !graph_.sources[source].name.empty()) {
      return graph_.sources[source].name;
    }
    return fmt::format("{}_{}", graph::name_of(graph_[id].op), id.index);
  }

  // The buffers of a task's kernels: what their pointers stand for, then what they need besides.
  // A task finds the constants of its twin there.
  std::vector<BufferUse> uses_of(Task& task, DenseKernels& made) {
    std::vector<BufferUse> uses;
    for (size_t i = 0; i < task.nodes.size(); ++i) {
      uses.push_back({buffer_of(task.nodes[i]), task.bases.empty() ? 0 : task.bases[i]});
    }
    const std::vector<BufferId>* known = task.twin ? &tasks_[*task.twin].constants : nullptr;
    for (ExtraBuffer& extra : made.extras) {
      bool is_known = extra.fill && known;
      BufferId id = is_known ? (*known)[task.constants.size()] : add_extra(std::move(extra));
      if (is_known || out_.buffers[id].kind == Buffer::Kind::constant) task.constants.push_back(id);
      uses.push_back({id, 0});
    }
    return uses;
  }

  BufferId add_extra(ExtraBuffer extra) {
    Buffer buffer;
    buffer.kind = extra.fill         ? Buffer::Kind::constant
                  : extra.per_thread ? Buffer::Kind::scratch
                                     : Buffer::Kind::temporary;
    buffer.bytes = extra.bytes;
    buffer.fill = std::move(extra.fill);
    return out_.buffers.push_back(std::move(buffer));
  }

  // Turns stages into kernels over the buffers behind the job's pointers; `traffic` is the bytes
  // that each pointer's views touch. Instructions that no fused node asked for were asked for by
  // `node`.
  void add_kernels(DenseKernels made, std::span<const BufferUse> all,
                   const std::vector<double>& traffic, NodeId node) {
    double flops = 0;
    for (const DenseStage& stage : made.stages) flops += stage.flops;
    for (DenseStage& stage : made.stages) {
      Kernel kernel;
      kernel.function = std::move(stage.function);
      for (loop::Inst& inst : kernel.function.insts) {
        if (inst.source == loop::kNoSource) inst.source = graph_[node].source.index;
      }
      kernel.group = group_;
      kernel.tiles = stage.tiles;
      for (int use : stage.uses) kernel.buffers.push_back(all[static_cast<size_t>(use)]);
      kernel.writes = std::move(stage.writes);
      for (auto [written, read] : stage.in_place) {
        auto base = [&](int i) { return kernel.buffers[static_cast<size_t>(i)].offset; };
        if (base(written) == base(read)) kernel.in_place.push_back({written, read});
      }
      kernel.name = name_of_node(node);
      kernel.algorithm = made.algorithm;
      kernel.refused = made.refused;
      kernel.cycles = flops > 0 ? made.cycles * stage.flops / flops : 0;
      kernel.flops = stage.flops;
      kernel.performed = stage.performed > 0 ? stage.performed : stage.flops;
      count_bytes(stage, all, traffic, kernel);
      out_.kernels.push_back(std::move(kernel));
    }
  }

  // What a kernel reads and writes at least: of each buffer the part that its pointers touch, of
  // buffers that are no pointer's of the job all.
  void count_bytes(const DenseStage& stage, std::span<const BufferUse> all,
                   const std::vector<double>& traffic, Kernel& kernel) const {
    std::vector<std::pair<BufferId, double>> touched;
    for (int use : stage.uses) {
      BufferId id = all[static_cast<size_t>(use)].buffer;
      bool own = static_cast<size_t>(use) < traffic.size();
      double bytes = own ? traffic[static_cast<size_t>(use)] : 1e30;
      auto it = std::find_if(touched.begin(), touched.end(),
                             [&](const auto& t) { return t.first == id; });
      if (it == touched.end()) {
        touched.push_back({id, bytes});
      } else {
        it->second += bytes;
      }
    }
    for (const auto& [id, bytes] : touched) {
      const Buffer& buffer = out_.buffers[id];
      if (buffer.kind == Buffer::Kind::scratch) continue;  // stays in the caches
      double counted = std::min(bytes, static_cast<double>(buffer.bytes));
      kernel.bytes += counted;
      if (buffer.kind == Buffer::Kind::constant) kernel.weight_bytes += counted;
    }
    if (stage.bytes == 0) return;
    kernel.bytes = stage.bytes;
    kernel.weight_bytes = std::min(kernel.weight_bytes, stage.bytes / 2);
  }

  // What each group wants, in order, then the kernels of all groups in any order.
  void make_tasks() {
    for (const Group& group : grouping_.groups) {
      switch (group.kind) {
        case Group::Kind::alias: tasks_.emplace_back(); break;
        case Group::Kind::map:
        case Group::Kind::row: tasks_.push_back(fused_task(group)); break;
        case Group::Kind::dense: tasks_.push_back(dense_task(group)); break;
        case Group::Kind::single: tasks_.push_back(single_task(group)); break;
      }
    }
    choose_streams();
    find_twins();
    std::vector<size_t> all;
    for (size_t i = 0; i < tasks_.size(); ++i) {
      if (!tasks_[i].twin) all.push_back(i);
    }
    make_kernels(all);
  }

  void find_twins() {
    std::unordered_map<std::string, std::vector<size_t>> seen;  // by signature
    for (size_t i = 0; i < tasks_.size(); ++i) {
      if (!tasks_[i].dense) continue;
      std::vector<size_t>& others = seen[signature_of(*tasks_[i].dense)];
      auto found = std::find_if(others.begin(), others.end(), [&](size_t other) {
        return same_weights(*tasks_[other].dense, *tasks_[i].dense);
      });
      if (found == others.end()) {
        others.push_back(i);
        continue;
      }
      tasks_[i].twin = *found;
      tasks_[*found].has_twins = true;
    }
  }

  // Large values that nothing but later kernels reads are stored past the caches, unless they may
  // take the place of what their kernel is the last to read. (Dense kernels with sums store one
  // line of a row, then one of the next: that is slower past the caches. Of the others those do
  // that say so, Nest::streams.)
  void choose_streams() {
    IdVector<NodeId, size_t> last(graph_.size(), 0);  // task that uses a node's buffer
    for (size_t i = 0; i < tasks_.size(); ++i) {
      for (NodeId id : tasks_[i].nodes) last[storage_.of(id)] = i;
    }
    for (size_t i = 0; i < tasks_.size(); ++i) {
      auto node = [&](int pointer) {
        return storage_.of(tasks_[i].nodes[static_cast<size_t>(pointer)]);
      };
      auto choose = [&](View& out) { out.streams = is_streamed(node(out.pointer)); };
      if (tasks_[i].dense && tasks_[i].dense->sums.empty()) {
        for (View& out : tasks_[i].dense->outputs) choose(out);
      }
      if (!tasks_[i].fused) continue;
      FusedJob& job = *tasks_[i].fused;
      for (View& out : job.outputs) choose(out);
      for (auto [written, read] : pairs_in_place(job)) {
        if (last[node(read)] == i) job.outputs[0].streams = false;
      }
    }
  }

  bool is_streamed(NodeId id) const {
    return !buffers_[id].valid() && graph_.type(id).bytes() >= kStreamedBytes;
  }

  void make_kernels(std::span<const size_t> which) {
    auto make = [&](size_t i) {
      Task& task = tasks_[which[i]];
      if (task.dense) task.made = choose_dense(*task.dense);
      if (task.fused) task.made = make_fused(*task.fused);
      if (task.make) task.made = task.make();
    };
    if (options_.parallel) return options_.parallel(which.size(), make);
    for (size_t i = 0; i < which.size(); ++i) make(i);
  }

  // The kernels from a task on that count on more spare weights than its predecessors have left.
  void make_smaller(size_t first) {
    int64_t left = std::max<int64_t>(spare_weights_, 0);
    std::vector<size_t> larger;
    for (size_t i = first; i < tasks_.size(); ++i) {
      if (tasks_[i].twin || tasks_[i].made.spare_weights <= left) continue;
      tasks_[i].dense->spare_weights = spare_weights_;
      larger.push_back(i);
    }
    make_kernels(larger);
  }

  // Gives a task's kernels their buffers and their place in the order.
  void place(size_t index) {
    Task& task = tasks_[index];
    if (!task.dense) return place_kernels(task, std::move(task.made));
    const DenseJob& job = *task.dense;
    Task& first = task.twin ? tasks_[*task.twin] : task;  // that has the kernels
    if (&first == &task && task.made.spare_weights > std::max<int64_t>(spare_weights_, 0)) {
      make_smaller(index);
    }
    size_t first_kernel = out_.kernels.size();
    Choice choice = first.made.choice;
    if (&first == &task) spare_weights_ -= packed_beyond(job, task.made);
    place_kernels(task, first.has_twins ? first.made : std::move(first.made));
    if (!options_.record) return;
    out_.choices.push_back({signature_of(job), choice, alternatives_to(job, choice), first_kernel,
                            out_.kernels.size() - first_kernel});
  }

  void place_kernels(Task& task, DenseKernels made) {
    std::vector<BufferUse> uses = uses_of(task, made);
    add_kernels(std::move(made), uses, task.traffic, task.node);
  }

  Task fused_task(const Group& group) const {
    Fused fused = build_expr(graph_, grouping_, group);
    Task task;
    task.node = group.root, task.nodes = fused.buffers;
    task.traffic = traffic_of(fused, group.space);
    FusedJob job;
    job.name = name_of_node(group.root);
    job.expr = std::move(fused.expr);
    job.outputs = std::move(fused.outputs);
    job.reduces = std::move(fused.reduces);
    job.space = group.space;
    job.reduced = group.reduced;
    job.pointers = static_cast<int>(fused.buffers.size());
    job.machine = &machine_;
    task.bases = move_bases(job);
    task.fused = std::move(job);
    return task;
  }

  Task dense_task(const Group& group) const {
    Fused fused = build_expr(graph_, grouping_, group);
    for (const DenseSums& sums : group.sums) {
      Fused row = build_expr(graph_, grouping_, sums.row);
      for (NodeId& id : row.buffers) id = storage_.of(id);
      append_sums(fused, std::move(row), sums.axes);
    }
    const Shape& shape = graph_.type(group.anchor).shape;
    DenseJob job;
    job.graph = &graph_;
    job.node = group.anchor;
    job.machine = &machine_;
    job.exact = options_.exact;
    job.spare_weights = spare_weights_;
    job.epilogue = widen_expr(std::move(fused.expr), shape);
    for (View& view : fused.outputs) job.outputs.push_back(widen_view(std::move(view), shape));
    for (View& view : fused.sums) job.sums.push_back(widen_view(std::move(view), shape));
    job.begins_sums = group.sums.empty() || group.sums[0].first;
    for (size_t i = 0; i < group.operands.size(); ++i) {
      DenseOperand operand;
      operand.view = group.operands[i].view;
      if (group.operands[i].leaf.valid()) {
        NodeId leaf = group.operands[i].leaf;
        if (const auto& map = group.operands[i].made) {
          MadeElement made = *made_element(graph_, grouping_, *map);
          for (View& view : made.expr.views) view.pointer += static_cast<int>(fused.buffers.size());
          fused.buffers.insert(fused.buffers.end(), made.buffers.begin(), made.buffers.end());
          operand.made = std::move(made.expr);
          leaf = made.loaded;
        }
        operand.view.pointer = static_cast<int>(fused.buffers.size());
        fused.buffers.push_back(leaf);
      } else {
        operand.weights = resolve_weights(graph_, graph_[group.anchor].operands[i]);
      }
      job.operands.push_back(std::move(operand));
    }
    job.pointers = static_cast<int>(fused.buffers.size());
    Task task;
    task.node = group.anchor, task.nodes = std::move(fused.buffers);
    task.traffic = traffic_of(job);
    task.bases = move_bases(job);
    task.dense = std::move(job);
    return task;
  }

  DenseKernels choose_dense(const DenseJob& job) const {
    if (!options_.choices) return make_dense(job);
    auto found = options_.choices->find(signature_of(job));
    return make_dense(job, found == options_.choices->end() ? nullptr : &found->second);
  }

  Task single_task(const Group& group) const {
    NodeId target = group.target;
    Task task;
    task.node = target, task.nodes = graph_[target].operands;
    task.nodes.push_back(target);
    task.make = [this, target] {
      std::string name = name_of_node(target);
      return make_single({&graph_, target, &machine_, name});
    };
    return task;
  }

  void copy_output(NodeId id, size_t port) {
    const TensorType& type = graph_.type(id);
    if (type.shape.elements() == 0) return;
    FusedJob job;
    job.name = "copy_" + graph_.outputs[port].name;
    job.space = {type.shape.elements()};
    job.reduced = {false};
    ExprNode load;
    load.kind = ExprNode::Kind::load;
    load.dtype = type.dtype;
    job.expr.nodes = {load};
    job.expr.results = {0};
    job.expr.views = {{0, type.dtype, 0, {1}}};
    job.outputs = {{1, type.dtype, 0, {1}}};
    job.pointers = 2;
    job.machine = &machine_;
    BufferUse buffers[] = {{buffer_of(id)}, {output_buffer(port)}};
    add_kernels(make_map(job), buffers, {}, id);
  }

  const Graph& graph_;
  const loop::Machine& machine_;
  const Options& options_;
  Grouping grouping_;
  Storage storage_;
  std::vector<Task> tasks_;  // of each group; empty for an alias
  size_t group_ = 0;         // that is being lowered
  IdVector<NodeId, BufferId> buffers_;
  int64_t spare_weights_;
  std::vector<std::pair<NodeId, size_t>> copies_;
  Lowered out_;
};

Result<void> check_rules(const Graph& graph) {
  for (size_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph[NodeId(i)];
    if (!graph::is_elementwise(node.op) || graph::op_def(node.op).emit) continue;
    std::string where = node.source.valid() ? graph.sources[node.source].name : "";
    return fail(where, fmt::format("no machine code for {} yet", graph::name_of(node.op)),
                "run it with the evaluator");
  }
  return {};
}

}  // namespace

Result<Lowered> lower(const Graph& graph, const loop::Machine& machine, const Options& options) {
  BURIN_TRY(check_rules(graph));
  return Lowering(graph, machine, options).run();
}

}  // namespace burin::lower
