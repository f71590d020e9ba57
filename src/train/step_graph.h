// A training step as one graph: forward, loss, backward, update. In: a trainable network and how to
// train it. Out: a graph from a batch and the variables to the loss and the variables' new values;
// or two graphs, between which the ranks of a job add their gradients.
// Look next: train/step_program.h and train/split_step.h compile and run them.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "train/loss.h"
#include "train/optimiser.h"
#include "train/trainable.h"

namespace burin::train {

struct StepOptions {
  int64_t batch = 32;  // rows of this process
  int64_t slices = 1;  // a step has slices * batch rows,
  int64_t slice = 0;   // of which these are the slice'th
  Dims sample;         // of the data, for networks that take several; empty: the network's own
  TensorType labels;   // of a batch, as to_targets() of train/loss.h takes them
  std::string loss = "cross_entropy";
  LossOptions loss_options;
  std::string optimiser = "adamw";
  OptimiserOptions optimiser_options;
  double clip_norm = 0;   // 0 for none
  double clip_value = 0;  // 0 for none
  double ema_decay = 0;   // average = decay average + (1 - decay) weights; 0 for none
  // Values that become outputs: those of the model by their names (onnx/find_value.h), and
  // "gradient:NAME" for the loss's gradient with respect to one, before clipping.
  std::vector<std::string> watched;
};

inline constexpr std::string_view kGradientOf = "gradient:";

// What stays from step to step.
enum class VariableKind { parameter, statistic, optimiser_state, average };

struct VariableSpec {
  std::string name;  // "SLOT:PARAMETER" for states, "ema:PARAMETER" for averages
  VariableKind kind = VariableKind::parameter;
  Tensor initial;
};

// The names of the inputs beside the data, the seed and the variables.
inline constexpr std::string_view kLabelsInput = "burin.labels";
inline constexpr std::string_view kLearningRateInput = "burin.learning_rate";  // as StepScalars
inline constexpr std::string_view kStepSizeInput = "burin.step_size";
inline constexpr std::string_view kRootInput = "burin.root";

// Inputs are found by their names. The first outputs are
//   step:        the mean loss f32[], scores
//   evaluation:  the loss of each sample f32[N], scores
// and those of a step go on with the new value of each variable and each watched value, in order.
struct StepGraph {
  graph::Graph graph;
  std::vector<VariableSpec> variables;
};

Result<StepGraph> build_step_graph(const Trainable& trainable, const StepOptions& options);

// The same in two graphs. The first has the outputs: the sum of this slice's losses over the rows
// of the whole step f32[], scores, the gradients of that loss by each parameter, and the new value
// of each statistic. The second takes the sums of these over all slices as inputs sum_input(name);
// its outputs are the variables' new values, its variables those of the step graph. Statistics are
// then the means of what the slices have: a batch's variance is that of each slice by itself.
struct SplitStepGraph {
  graph::Graph gradients;
  std::vector<std::string> summed;  // names of the first one's outputs after loss and scores
  StepGraph update;
};
std::string sum_input(std::string_view name);
Result<SplitStepGraph> build_split_step_graph(const Trainable& trainable,
                                              const StepOptions& options);

// Without backward and update; `variables` are the parameters and statistics.
Result<StepGraph> build_evaluation_graph(const Trainable& trainable, const StepOptions& options);

// The shape of the scores for a batch of the size.
Result<TensorType> scores_type(const Trainable& trainable, int64_t batch);

}  // namespace burin::train
