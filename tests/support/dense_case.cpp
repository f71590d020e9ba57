// Builds the job of a dense case, runs it and compares.
#include "tests/support/dense_case.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include "base/rng.h"
#include "graph/eval.h"
#include "isa/engrave.h"
#include "loop/interp.h"
#include "loop/verify.h"
#include "runtime/code_pages.h"

namespace burin::test {

using graph::NodeId;

DenseCase conv_case(std::string name, Dims x, Dims w, Dims stride, Dims low, Dims high,
                    Dims w_dilation, int64_t groups) {
  DenseCase c;
  c.name = std::move(name);
  c.x = {DType::f32, Shape(std::move(x))};
  c.w = {DType::f32, Shape(std::move(w))};
  graph::ConvAttr attr{stride, low, high, Dims(stride.size(), 1), w_dilation, groups};
  c.attr = attr;
  return c;
}

DenseCase gradient_case(std::string name, Dims x, int64_t out, Dims low, Dims high) {
  Dims dy = {x[0], x[1] + low[0] + high[0] - 2, x[2] + low[1] + high[1] - 2, out};
  DenseCase c = conv_case(std::move(name), std::move(x), std::move(dy), {1, 1}, std::move(low),
                          std::move(high), {1, 1});
  c.x_order = {3, 1, 2, 0}, c.w_order = {1, 2, 0, 3};
  c.constant_weights = false;
  return c;
}

DenseCase matmul_case(std::string name, Dims lhs, Dims rhs) {
  DenseCase c;
  c.name = std::move(name);
  c.op = graph::Op::dot_general;
  graph::DotAttr attr;
  auto batch = static_cast<int64_t>(rhs.size()) - 2;
  for (int64_t i = 0; i < batch; ++i) attr.lhs_batch.push_back(i), attr.rhs_batch.push_back(i);
  attr.lhs_contract = {static_cast<int64_t>(lhs.size()) - 1};
  attr.rhs_contract = {batch};
  c.attr = attr;
  c.x = {DType::f32, Shape(std::move(lhs))};
  c.w = {DType::f32, Shape(std::move(rhs))};
  return c;
}

DenseCase window_case(std::string name, Dims x, graph::ReduceKind kind, Dims window, Dims stride,
                      Dims low, Dims high) {
  DenseCase c;
  c.name = std::move(name);
  c.op = graph::Op::reduce_window;
  c.attr = graph::WindowAttr{kind, window, stride, Dims(window.size(), 1), low, high};
  c.x = {DType::f32, Shape(std::move(x))};
  return c;
}

loop::Machine machine_of(int vector_bits) {
  loop::Machine m;
  m.vector_bits = vector_bits;
  m.vector_registers = vector_bits == 512 ? 32 : 16;
  m.lane_masks = m.splat_operands = vector_bits == 512;
  return m;
}

namespace {

Tensor normal_tensor(const TensorType& type, Rng& rng, double mean = 0) {
  Tensor t(type);
  for (int64_t i = 0; i < t.elements(); ++i) {
    is_float(type.dtype) ? t.set_double(i, mean + rng.uniform(-1, 1))
                         : t.set_int(i, rng.below(7) - 3);
  }
  return t;
}

// A constant of the type, stored with its axes reversed as a model file might, under a transpose.
NodeId reversed_constant(graph::Builder& g, const Tensor& value) {
  Dims dims = value.shape().dims(), perm;
  for (size_t i = dims.size(); i-- > 0;) perm.push_back(static_cast<int64_t>(i));
  Dims reversed(dims.rbegin(), dims.rend()), index(dims.size(), 0);
  Tensor stored({value.dtype(), Shape(reversed)});
  Dims strides = stored.shape().strides();
  for (int64_t i = 0; i < value.elements(); ++i) {
    int64_t at = 0;
    for (size_t d = 0; d < dims.size(); ++d) at += index[d] * strides[dims.size() - 1 - d];
    is_float(value.dtype()) ? stored.set_double(at, value.as_double(i))
                            : stored.set_int(at, value.as_int(i));
    for (size_t d = dims.size(); d-- > 0 && ++index[d] == dims[d];) index[d] = 0;
  }
  return g.transpose(g.constant(stored), perm);
}

struct Setup {
  graph::Graph graph;
  std::vector<Tensor> inputs;
  lower::DenseJob job;
  std::vector<std::pair<int, Tensor>> buffers;  // contents of the job's pointers
  int out = 0;
  TensorType result;
};

lower::View dense_view(int pointer, const TensorType& type) {
  return {pointer, type.dtype, 0, type.shape.strides()};
}

void add_operand(Setup& s, NodeId node, const Tensor& value, bool constant, const Dims& order) {
  lower::DenseOperand operand;
  if (constant) {
    operand.weights = lower::resolve_weights(s.graph, node);
  } else {
    operand.view = dense_view(s.job.pointers, value.type());
    std::vector<int64_t> stored = operand.view.strides;
    for (size_t i = 0; i < order.size(); ++i) {
      operand.view.strides[i] = stored[static_cast<size_t>(order[i])];
    }
    s.buffers.push_back({s.job.pointers++, value});
    s.inputs.push_back(value);
  }
  s.job.operands.push_back(std::move(operand));
}

int add_node(lower::Expr& e, lower::ExprNode node) {
  e.nodes.push_back(node);
  return static_cast<int>(e.nodes.size()) - 1;
}

int add_load(Setup& s, Tensor value, std::vector<int64_t> strides) {
  lower::Expr& e = s.job.epilogue;
  lower::ExprNode load;
  load.kind = lower::ExprNode::Kind::load;
  load.view = static_cast<int>(e.views.size());
  e.views.push_back({s.job.pointers, DType::f32, 0, std::move(strides)});
  s.buffers.push_back({s.job.pointers++, std::move(value)});
  return add_node(e, load);
}

int add_op(Setup& s, graph::Op op, int a, int b) {
  lower::ExprNode node;
  node.op = op;
  node.operands[0] = a;
  node.operands[1] = b;
  return add_node(s.job.epilogue, node);
}

// max(acc + bias, 0) + residual, in the graph and as an expression.
NodeId add_epilogue(Setup& s, graph::Builder& g, NodeId root, Rng& rng) {
  const Shape& shape = s.result.shape;
  TensorType bias_type{DType::f32, {shape[shape.rank() - 1]}};
  Tensor bias = normal_tensor(bias_type, rng), residual = normal_tensor(s.result, rng);
  NodeId b = g.input("bias", bias_type), r = g.input("residual", s.result);
  s.inputs.push_back(bias);
  s.inputs.push_back(residual);
  NodeId sum = g.add(root, g.broadcast(b, shape, {static_cast<int64_t>(shape.rank()) - 1}));
  NodeId out = g.add(g.max(sum, g.full(s.result, 0)), r);

  std::vector<int64_t> along(shape.rank(), 0);
  along.back() = 1;
  lower::ExprNode zero;
  zero.kind = lower::ExprNode::Kind::literal;
  int biased = add_op(s, graph::Op::add, 0, add_load(s, bias, along));
  int clipped = add_op(s, graph::Op::max, biased, add_node(s.job.epilogue, zero));
  int loaded = add_load(s, residual, shape.strides());
  s.job.epilogue.results = {add_op(s, graph::Op::add, clipped, loaded)};
  return out;
}

NodeId reverse_output(Setup& s, graph::Builder& g, NodeId result) {
  Dims perm;
  for (size_t i = s.result.shape.rank(); i-- > 0;) perm.push_back(static_cast<int64_t>(i));
  NodeId out = g.transpose(result, perm);
  std::vector<int64_t> strides = g.shape(out).strides();
  s.job.outputs[0].strides.assign(strides.rbegin(), strides.rend());
  return out;
}

// The first operand as the kernel is to make it, in the graph and as an expression.
NodeId add_made(Setup& s, graph::Builder& g, NodeId x, Rng& rng) {
  const Shape shape = g.shape(x);
  auto last = static_cast<int64_t>(shape.rank()) - 1;
  TensorType type{DType::f32, {shape.dims().back()}};
  lower::Expr made;
  made.add({.kind = lower::ExprNode::Kind::acc});
  auto channel = [&](const char* name) {
    Tensor value = normal_tensor(type, rng);
    made.views.push_back({s.job.pointers, DType::f32, 0, {1}});
    s.buffers.push_back({s.job.pointers++, value});
    s.inputs.push_back(value);
    return g.broadcast(g.input(name, type), shape, {last});
  };
  NodeId scaled = g.mul(x, channel("scale")), shifted = g.add(scaled, channel("shift"));
  for (int view : {0, 1}) {
    int load = made.add({.kind = lower::ExprNode::Kind::load, .view = view});
    lower::ExprNode op{.op = view == 0 ? graph::Op::mul : graph::Op::add};
    op.operands[0] = view == 0 ? 0 : 2, op.operands[1] = load;
    made.add(op);
  }
  lower::ExprNode clip{.op = graph::Op::max};
  clip.operands[0] = 4, clip.operands[1] = made.add({.kind = lower::ExprNode::Kind::literal});
  made.results = {made.add(clip)};
  s.job.operands[0].made = std::move(made);
  return g.max(shifted, g.full({DType::f32, shape}, 0));
}

void build(const DenseCase& c, const loop::Machine& machine, Setup& s) {
  Rng rng(17);
  graph::Builder g(s.graph);
  Tensor x = normal_tensor(c.x, rng, c.mean);
  auto ordered = [&](NodeId node, const Dims& order) {
    return order.empty() ? node : g.transpose(node, order);
  };
  std::vector<NodeId> operands = {ordered(g.input("x", c.x), c.x_order)};
  add_operand(s, operands[0], x, false, c.x_order);
  if (c.made) operands[0] = add_made(s, g, operands[0], rng);
  if (c.op != graph::Op::reduce_window) {
    Tensor w = normal_tensor(c.w, rng);
    NodeId node = c.constant_weights ? reversed_constant(g, w) : g.input("w", c.w);
    operands.push_back(ordered(node, c.w_order));
    add_operand(s, operands[1], w, c.constant_weights, c.w_order);
  }
  NodeId root = g.add(c.op, operands, c.attr);
  s.result = s.graph.type(root);
  lower::ExprNode acc;
  acc.kind = lower::ExprNode::Kind::acc;
  acc.dtype = s.result.dtype;
  s.job.epilogue.nodes = {acc};
  s.job.epilogue.results = {0};
  s.out = s.job.pointers++;
  s.job.outputs = {dense_view(s.out, s.result)};
  s.job.outputs[0].streams = c.streamed;
  NodeId result = c.epilogue ? add_epilogue(s, g, root, rng) : root;
  if (c.reversed_output) result = reverse_output(s, g, result);
  g.output("y", result);
  s.job.graph = &s.graph;
  s.job.node = root;
  s.job.machine = &machine;
}

std::string compare_scaled(const Tensor& got, const Tensor& wanted, double scale) {
  for (int64_t i = 0; i < wanted.elements(); ++i) {
    double a = got.as_double(i), b = wanted.as_double(i);
    if (std::isnan(a) && std::isnan(b)) continue;
    if (a == b || std::abs(a - b) <= 1e-6 * scale) continue;
    return fmt::format("element {} is {}, wanted {}", i, a, b);
  }
  return {};
}

double largest_error(const Tensor& got, const Tensor& wanted) {
  double error = 0, range = 0;
  for (int64_t i = 0; i < wanted.elements(); ++i) {
    error = std::max(error, std::abs(got.as_double(i) - wanted.as_double(i)));
    range = std::max(range, std::abs(wanted.as_double(i)));
  }
  return range > 0 ? error / range : error;
}

// A worker's scratch memory is undefined when a tile begins: not a number here.
void spoil_scratch(const lower::DenseKernels& kernels, std::span<void* const> extras) {
  for (size_t i = 0; i < kernels.extras.size(); ++i) {
    const lower::ExtraBuffer& extra = kernels.extras[i];
    if (extra.per_thread) std::memset(extras[i], 0xff, static_cast<size_t>(extra.bytes));
  }
}

// A worker's scratch memory belongs to one stage: the memory plan gives the next one the same
// place.
bool shares_scratch(const lower::DenseKernels& kernels, int pointers) {
  std::vector<int> users(kernels.extras.size(), 0);
  for (const lower::DenseStage& stage : kernels.stages) {
    for (int use : stage.uses) {
      if (use >= pointers) ++users[static_cast<size_t>(use - pointers)];
    }
  }
  for (size_t i = 0; i < users.size(); ++i) {
    if (kernels.extras[i].per_thread && users[i] > 1) return true;
  }
  return false;
}

std::string run_stages(const lower::DenseKernels& kernels, const Setup& s, const RunTile& run,
                       Tensor& out) {
  if (shares_scratch(kernels, s.job.pointers)) return "stages share scratch memory";
  std::vector<std::shared_ptr<std::byte>> memory;
  std::vector<void*> pointers(static_cast<size_t>(s.job.pointers));
  std::vector<int64_t> sizes(pointers.size());
  for (const auto& [pointer, tensor] : s.buffers) {
    auto p = static_cast<size_t>(pointer);
    pointers[p] = const_cast<std::byte*>(tensor.data());
    sizes[p] = tensor.type().bytes();
  }
  pointers[static_cast<size_t>(s.out)] = out.mutable_data();
  sizes[static_cast<size_t>(s.out)] = out.type().bytes();
  for (const lower::ExtraBuffer& extra : kernels.extras) {
    memory.push_back(allocate_bytes(extra.bytes));
    if (extra.fill) extra.fill(memory.back().get());
    pointers.push_back(memory.back().get());
    sizes.push_back(extra.bytes);
  }
  for (const lower::DenseStage& stage : kernels.stages) {
    if (auto valid = loop::verify(stage.function); !valid) return valid.error().text();
    std::vector<void*> buffers;
    std::vector<int64_t> bytes;
    for (int use : stage.uses) {
      buffers.push_back(pointers[static_cast<size_t>(use)]);
      bytes.push_back(sizes[static_cast<size_t>(use)]);
    }
    for (int64_t tile = 0; tile < stage.tiles; ++tile) {
      spoil_scratch(kernels, std::span(pointers).subspan(static_cast<size_t>(s.job.pointers)));
      if (std::string failure = run(stage, buffers, bytes, tile); !failure.empty()) return failure;
    }
  }
  return {};
}

}  // namespace

RunTile interpret_tile() {
  return [](const lower::DenseStage& stage, std::span<void* const> buffers,
            std::span<const int64_t> bytes, int64_t tile) -> std::string {
    std::vector<ByteRange> accessible;
    for (int64_t size : bytes) accessible.push_back({0, size});
    auto done = loop::interpret(stage.function, buffers, tile, {.accessible = accessible});
    return done ? "" : done.error().text();
  };
}

RunTile engraved_tile(const isa::Target& target) {
  struct Made {
    const lower::DenseStage* stage = nullptr;  // the last one that ran
    std::optional<runtime::CodePages> pages;
  };
  auto made = std::make_shared<Made>();
  return [made, target](const lower::DenseStage& stage, std::span<void* const> buffers,
                        std::span<const int64_t>, int64_t tile) -> std::string {
    if (tile == 0 || made->stage != &stage) {
      auto code = isa::engrave(stage.function, target);
      if (!code) return code.error().text();
      auto pages = runtime::CodePages::create(code->bytes);
      if (!pages) return pages.error().text();
      made->pages.emplace(std::move(*pages));
      made->stage = &stage;
    }
    made->pages->entry<void (*)(void* const*, int64_t)>(0)(buffers.data(), tile);
    return {};
  };
}

DenseOutcome run_dense(const DenseCase& c, const loop::Machine& machine, std::string_view method,
                       const RunTile& run) {
  std::string refusal;
  auto make = [&](const lower::DenseJob& job) {
    for (const lower::DenseMethod& m : lower::dense_methods()) {
      if (m.name != method) continue;
      if (auto reason = m.refusal(job)) refusal = c.name + ": refused: " + *reason;
      return refusal.empty() ? m.make(job) : lower::DenseKernels{};
    }
    return lower::make_dense(job);
  };
  DenseOutcome outcome = run_dense(c, machine, make, run);
  if (!refusal.empty()) return {refusal, ""};
  return outcome;
}

DenseOutcome run_dense(const DenseCase& c, const loop::Machine& machine, const MakeKernels& make,
                       const RunTile& run) {
  Setup s;
  build(c, machine, s);
  lower::DenseKernels kernels = make(s.job);
  Tensor out(s.result);
  std::string failure = run_stages(kernels, s, run, out);
  double error = 0;
  if (failure.empty()) {
    auto wanted = graph::eval(s.graph, s.inputs);
    if (!wanted) return {wanted.error().text(), ""};
    double taps = 0;
    for (const lower::DenseStage& stage : kernels.stages) taps += stage.flops;
    taps /= static_cast<double>(s.result.shape.elements() + 1);
    error = largest_error(out, (*wanted)[0]);
    failure = compare_scaled(out, (*wanted)[0], std::max(taps, 2.0));
  }
  if (!failure.empty()) failure = c.name + " (" + kernels.algorithm + "): " + failure;
  return {failure, kernels.algorithm, error};
}

void with_job(const DenseCase& c, const loop::Machine& machine,
              const std::function<void(const lower::DenseJob&)>& use) {
  Setup s;
  build(c, machine, s);
  use(s.job);
}

}  // namespace burin::test
