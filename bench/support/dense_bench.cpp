// Builds, engraves and times single kernels.
#include "bench/support/dense_bench.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/rng.h"
#include "isa/engrave.h"
#include "loop/builder.h"
#include "lower/kernels/list.h"

namespace burin::bench {

namespace {

using Entry = void (*)(void* const*, int64_t);

double now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// Milliseconds of this process: other work on the machine does not count.
double cpu_ms() { return static_cast<double>(std::clock()) * 1e3 / CLOCKS_PER_SEC; }

isa::Code engrave_or_exit(const loop::Function& f, const isa::Target& target, bool listing) {
  auto code = isa::engrave(f, target, {listing, {}});
  if (!code) {
    std::fprintf(stderr, "%s\n", code.error().text().c_str());
    std::exit(1);
  }
  return std::move(*code);
}

// max(acc + bias, 0), the bias in pointer `bias` along the last axis of `rank`.
lower::Expr bias_and_clip(int bias, size_t rank) {
  using lower::ExprNode;
  lower::Expr e;
  auto add = [&](ExprNode node) {
    e.nodes.push_back(node);
    return static_cast<int>(e.nodes.size()) - 1;
  };
  ExprNode acc, load, zero, sum, clip;
  acc.kind = ExprNode::Kind::acc;
  load.kind = ExprNode::Kind::load;
  zero.kind = ExprNode::Kind::literal;
  e.views = {{bias, DType::f32, 0, std::vector<int64_t>(rank, 0)}};
  e.views[0].strides.back() = 1;
  sum.op = graph::Op::add;
  sum.operands[0] = add(acc);
  sum.operands[1] = add(load);
  clip.op = graph::Op::max;
  clip.operands[0] = add(sum);
  clip.operands[1] = add(zero);
  e.results = {add(clip)};
  return e;
}

// Memory of the job's pointers, in order.
class Memory {
 public:
  explicit Memory(Made& made) : made_(made) {}

  void add(int64_t bytes) {
    made_.memory.push_back(allocate_bytes(bytes));
    pointers.push_back(made_.memory.back().get());
  }
  void add(const Tensor& value) {
    add(value.type().bytes());
    std::memcpy(pointers.back(), value.data(), value.bytes().size());
  }

  std::vector<void*> pointers;

 private:
  Made& made_;
};

lower::DenseJob make_job(const graph::Graph& graph, graph::NodeId node, const isa::Target& target,
                         Memory& memory) {
  lower::DenseJob job;
  job.graph = &graph;
  job.node = node;
  job.machine = &target.machine;
  for (graph::NodeId operand : graph[node].operands) {
    lower::DenseOperand& given = job.operands.emplace_back();
    given.weights = lower::resolve_weights(graph, operand);
    if (given.weights) continue;
    given.view = {job.pointers++, DType::f32, 0, graph.type(operand).shape.strides()};
    memory.add(random_tensor(graph.type(operand)));
  }
  const TensorType& type = graph.type(node);
  job.outputs = {{job.pointers++, DType::f32, 0, type.shape.strides()}};
  memory.add(type.bytes());
  size_t rank = type.shape.rank();
  memory.add(type.shape[rank - 1] * 4);
  job.epilogue = bias_and_clip(job.pointers++, rank);
  return job;
}

}  // namespace

Tensor random_tensor(const TensorType& type) {
  Tensor t(type);
  Rng rng(3);
  auto* data = reinterpret_cast<float*>(t.mutable_data());
  for (int64_t i = 0; i < t.elements(); ++i) data[i] = static_cast<float>(rng.uniform(-1, 1));
  return t;
}

Made make_op(const isa::Target& target, bool listing,
             const std::function<graph::NodeId(graph::Builder&)>& build) {
  graph::Graph graph;
  graph::Builder g(graph);
  graph::NodeId node = build(g);
  Made made;
  Memory memory(made);
  lower::DenseJob job = make_job(graph, node, target, memory);
  double start = cpu_ms();
  lower::DenseKernels kernels = lower::make_dense(job);
  made.lower_ms = cpu_ms() - start;
  made.algorithm = kernels.algorithm;
  for (const lower::ExtraBuffer& extra : kernels.extras) {
    memory.add(extra.bytes);
    start = cpu_ms();
    if (extra.fill) extra.fill(made.memory.back().get());
    made.pack_ms += cpu_ms() - start;
    made.weight_bytes += extra.bytes;
  }
  for (const lower::DenseStage& stage : kernels.stages) {
    start = cpu_ms();
    isa::Code code = engrave_or_exit(stage.function, target, listing);
    made.engrave_ms += cpu_ms() - start;
    made.code_bytes += static_cast<int64_t>(code.bytes.size());
    made.spills += code.spills;
    made.listing += code.listing;
    made.flops += stage.flops;
    Step& step = made.steps.emplace_back();
    step.pages.emplace(runtime::CodePages::create(code.bytes).value());
    step.tiles = stage.tiles;
    for (int use : stage.uses) step.buffers.push_back(memory.pointers[static_cast<size_t>(use)]);
  }
  return made;
}

double measure(const Made& made, double seconds) {
  double best = 1e9, end = now() + seconds;
  do {
    double start = now();
    for (const Step& step : made.steps) {
      auto entry = step.pages->entry<Entry>(0);
      for (int64_t t = 0; t < step.tiles; ++t) entry(step.buffers.data(), t);
    }
    best = std::min(best, now() - start);
  } while (now() < end);
  return best;
}

double measure_peak(const isa::Target& target) {
  constexpr int kChains = 12, kUnroll = 8;
  constexpr int64_t kTrips = 20000;
  loop::Type type{loop::Elem::f32, target.machine.lanes(loop::Elem::f32)};
  loop::Builder b("peak", 1);
  loop::Value x = b.load(type, {b.pointer(0)});
  std::vector<loop::Value> init(kChains, x);
  auto sums = b.loop(b.index(0), b.index(kTrips), 1, init, [&](auto, auto carried) {
    std::vector<loop::Value> acc(carried.begin(), carried.end());
    for (int u = 0; u < kUnroll; ++u) {
      for (loop::Value& a : acc) a = b.fma(x, x, a);
    }
    return acc;
  });
  for (loop::Value sum : sums) b.store(sum, {b.pointer(0)});
  isa::Code code = engrave_or_exit(b.finish(), target, false);
  auto pages = runtime::CodePages::create(code.bytes).value();
  std::shared_ptr<std::byte> memory = allocate_bytes(64);
  void* buffers[] = {memory.get()};
  double best = 1e9;
  for (int i = 0; i < 50; ++i) {
    double start = now();
    pages.entry<Entry>(0)(buffers, 0);
    best = std::min(best, now() - start);
  }
  return 2.0 * kChains * kUnroll * kTrips * type.lanes / best * 1e-9;
}

}  // namespace burin::bench
