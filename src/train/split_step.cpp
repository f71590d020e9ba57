// Gaps between gradients are zeros on every rank, and are added with them.
#include "train/split_step.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/checked.h"

namespace burin::train {

namespace {

constexpr int64_t kAlignment = 16;          // floats
constexpr int64_t kBucketFloats = 1 << 18;  // large enough that latency does not matter

// The last step that has to do with each output; the number of steps if none has.
std::vector<size_t> last_uses(const runtime::Program& program) {
  std::vector<size_t> last(program.outputs.size(), program.steps.size());
  for (size_t s = 0; s < program.steps.size(); ++s) {
    for (const runtime::Place& place : program.steps[s].buffers) {
      if (place.kind == runtime::Place::Kind::output) last[place.index] = s;
    }
  }
  return last;
}

// Thrown through the program's run, which nothing else ends.
struct Dropped {};

float* at(Tensor& block, int64_t offset) {
  return reinterpret_cast<float*>(block.mutable_data()) + offset;
}

}  // namespace

BucketPlan plan_buckets(const runtime::Program& program, size_t first, int64_t wanted) {
  std::vector<size_t> last = last_uses(program);
  std::vector<size_t> order(program.outputs.size() - first);
  std::iota(order.begin(), order.end(), first);
  std::ranges::stable_sort(order, {}, [&](size_t output) { return last[output]; });
  BucketPlan plan;
  plan.offsets.resize(order.size());
  Bucket open;
  for (size_t output : order) {
    plan.offsets[output - first] = plan.floats;
    plan.floats += round_up(program.outputs[output].type.shape.elements(), kAlignment);
    open.after = last[output];
    open.end = plan.floats;
    if (open.end - open.begin < wanted && output != order.back()) continue;
    plan.buckets.push_back(open);
    open.begin = open.end;
  }
  return plan;
}

Result<std::unique_ptr<SplitStep>> SplitStep::create(const SplitStepGraph& split,
                                                     const Trainable& trainable,
                                                     const ProgramOptions& options,
                                                     exchange::Exchange& exchange) {
  ProgramOptions with_loss = options;
  with_loss.compile.recompute_after = 0;
  BURIN_ASSIGN(FedProgram first, FedProgram::create(split.gradients, with_loss));
  BURIN_ASSIGN(FedProgram second, FedProgram::create(split.update.graph, options));
  std::unique_ptr<SplitStep> p(new SplitStep(std::move(first), std::move(second), exchange));
  FedProgram &g = p->gradients_, &u = p->update_;
  p->data_ = g.input(trainable.input);
  p->labels_ = g.input(kLabelsInput);
  g.feed(g.input(kSeedInput), &p->seed_);
  u.feed(u.input(kLearningRateInput), &p->learning_rate_);
  u.feed(u.input(kStepSizeInput), &p->step_size_);
  u.feed(u.input(kRootInput), &p->root_);
  for (const VariableSpec& spec : split.update.variables) {
    p->of_gradients_.push_back(g.input(spec.name));
    p->of_update_.push_back(u.input(spec.name));
  }
  p->scores_ = Tensor(g.program().outputs[1].type);
  g.receive(0, &p->loss_);
  g.receive(1, p->scores_.mutable_data());
  p->plan_ = plan_buckets(g.program(), 2, kBucketFloats);
  p->mine_ = Tensor({DType::f32, {p->plan_.floats}});
  p->sums_ = Tensor({DType::f32, {p->plan_.floats}});
  for (size_t i = 0; i < split.summed.size(); ++i) {
    if (g.program().outputs[i + 2].type.dtype != DType::f32) {
      return fail(split.summed[i], "is not f32, which the ranks of a job could add");
    }
    g.receive(i + 2, at(p->mine_, p->plan_.offsets[i]));
    u.feed(u.input(sum_input(split.summed[i])), at(p->sums_, p->plan_.offsets[i]));
  }
  return p;
}

void SplitStep::start(const Bucket& bucket) {
  auto count = static_cast<size_t>(bucket.end - bucket.begin);
  exchange_.start({at(mine_, bucket.begin), count}, {at(sums_, bucket.begin), count});
}

// Hands each bucket over when it is complete.
void SplitStep::run_gradients() {
  size_t next = 0;
  try {
    gradients_.run([&](size_t step) {
      if (exchange_.is_over()) throw Dropped();
      while (next < plan_.buckets.size() && plan_.buckets[next].after <= step) {
        start(plan_.buckets[next++]);
      }
    });
    while (next < plan_.buckets.size()) start(plan_.buckets[next++]);
  } catch (const Dropped&) {
  }
}

double SplitStep::compute(Variables& variables, const BatchView& batch, const StepScalars& scalars,
                          uint32_t seed) {
  BURIN_CHECK(variables.all().size() == of_update_.size(), "variables of another step");
  learning_rate_ = static_cast<float>(scalars.learning_rate);
  step_size_ = static_cast<float>(scalars.step_size);
  root_ = static_cast<float>(scalars.root);
  seed_ = seed;
  gradients_.feed(data_, batch.data);
  gradients_.feed(labels_, batch.labels);
  for (size_t i = 0; i < of_gradients_.size(); ++i) {
    gradients_.feed(of_gradients_[i], variables.all()[i].value.data());
  }
  run_gradients();
  auto slices = static_cast<double>(exchange_.ranks());
  return loss_ * slices;  // the program divides by the rows of all slices
}

Result<void> SplitStep::finish(Variables& variables) {
  BURIN_TRY(exchange_.wait());
  for (size_t i = 0; i < of_update_.size(); ++i) {
    update_.feed(of_update_[i], variables.all()[i].value.data());
    update_.receive(i, variables.next(i));
  }
  update_.run();
  variables.advance();
  return {};
}

}  // namespace burin::train
