// A step of several ranks: a program from this rank's slice of the batch to gradients, their sums
// over the ranks, a program from the sums to the variables' next values. Adding begins while the
// first program runs: gradients are outputs that lie one after the other in the order in which
// kernels complete them, and each time that enough of them are there, they go to the exchange. When
// the job is over, compute() returns early, and finish() fails.
#pragma once

#include "exchange/exchange.h"
#include "train/step_program.h"

namespace burin::train {

// A stretch of the gradients' memory, complete once a step of the program has run.
struct Bucket {
  size_t after = 0;            // the step; the number of steps if no step writes it
  int64_t begin = 0, end = 0;  // in floats
};

// Where outputs [first, ...) of a program lie in one block, and in which stretches of at least
// `wanted` floats (but for the last one) it becomes complete.
struct BucketPlan {
  std::vector<int64_t> offsets;  // of each of these outputs, in floats
  std::vector<Bucket> buckets;   // in the order of `after`; together the whole block
  int64_t floats = 0;
};
BucketPlan plan_buckets(const runtime::Program& program, size_t first, int64_t wanted);

class SplitStep : public TrainingStep {
 public:
  // Refuses networks whose statistics are of another type than f32.
  static Result<std::unique_ptr<SplitStep>> create(const SplitStepGraph& split,
                                                   const Trainable& trainable,
                                                   const ProgramOptions& options,
                                                   exchange::Exchange& exchange);

  double compute(Variables& variables, const BatchView& batch, const StepScalars& scalars,
                 uint32_t seed) override;
  const Tensor& scores() const override { return scores_; }
  const FedProgram& gradients() const override { return gradients_; }
  Result<void> finish(Variables& variables) override;

 private:
  SplitStep(FedProgram gradients, FedProgram update, exchange::Exchange& exchange)
      : gradients_(std::move(gradients)), update_(std::move(update)), exchange_(exchange) {}
  void run_gradients();
  void start(const Bucket& bucket);

  FedProgram gradients_, update_;
  exchange::Exchange& exchange_;
  size_t data_ = 0, labels_ = 0;
  // The inputs of each variable, in either program.
  std::vector<size_t> of_gradients_, of_update_;
  float learning_rate_ = 0, step_size_ = 0, root_ = 0, loss_ = 0;
  uint32_t seed_ = 0;
  Tensor scores_;
  BucketPlan plan_;
  Tensor mine_, sums_;  // f32[plan_.floats]
};

}  // namespace burin::train
