// Inputs are matched by their names.
#include "train/one_step.h"

#include <algorithm>

#include "base/check.h"
#include "base/rng.h"

namespace burin::train {

namespace {

Tensor view(const TensorType& type, const void* data) {
  auto bytes = std::span(static_cast<const std::byte*>(data), static_cast<size_t>(type.bytes()));
  return Tensor(type, bytes, nullptr);
}

Tensor input_of(const std::string& name, const TensorType& type, const Trainable& trainable,
                const StepState& s) {
  if (name == trainable.input) return view(type, s.batch.data);
  if (name == kLabelsInput) return view(type, s.batch.labels);
  if (name == kLearningRateInput) return Tensor::scalar(DType::f32, s.scalars.learning_rate);
  if (name == kStepSizeInput) return Tensor::scalar(DType::f32, s.scalars.step_size);
  if (name == kRootInput) return Tensor::scalar(DType::f32, s.scalars.root);
  if (name == kSeedInput) return Tensor::scalar(DType::u32, s.seed);
  const Variable* variable = s.variables.find(name);
  BURIN_CHECK(variable, "an input of a step that nothing feeds");
  return variable->value;
}

// Classes for scores [N, C, ...]: i64 [N, ...].
Tensor random_labels(const TensorType& scores, Rng& rng) {
  Dims dims = scores.shape.dims();
  int64_t classes = dims.size() > 1 ? std::max<int64_t>(2, dims[1]) : 2;
  if (dims.size() > 1) dims.erase(dims.begin() + 1);
  Tensor labels({DType::i64, Shape(dims)});
  for (int64_t i = 0; i < labels.elements(); ++i) labels.set_int(i, rng.below(classes));
  return labels;
}

Tensor random_data(const TensorType& type, Rng& rng) {
  Tensor data(type);
  for (int64_t i = 0; i < data.elements(); ++i) {
    if (is_float(type.dtype)) {
      data.set_double(i, rng.normal());
    } else {
      data.set_int(i, rng.below(2));
    }
  }
  return data;
}

}  // namespace

std::vector<Tensor> step_inputs(const graph::Graph& graph, const Trainable& trainable,
                                const StepState& state) {
  std::vector<Tensor> inputs;
  for (const graph::Port& port : graph.inputs) {
    inputs.push_back(input_of(port.name, graph.type(port.node), trainable, state));
  }
  return inputs;
}

Result<MadeUpStep> MadeUpStep::create(const Trainable& trainable, StepOptions options,
                                      uint64_t seed) {
  Rng rng(seed);
  BURIN_ASSIGN(TensorType scores, scores_type(trainable, options.batch));
  Tensor labels = random_labels(scores, rng);
  options.labels = labels.type();
  BURIN_ASSIGN(StepGraph graph, build_step_graph(trainable, options));
  MadeUpStep step(trainable, std::move(graph));
  for (const graph::Port& port : step.graph().inputs) {
    if (port.name == trainable.input) {
      step.data_ = random_data(step.graph().type(port.node), rng);
    }
  }
  step.labels_ = std::move(labels);
  step.scalars_ =
      scalars_of_step(options.optimiser_options, options.optimiser_options.learning_rate, 1);
  step.seed_ = static_cast<uint32_t>(rng.next());
  return step;
}

std::vector<Tensor> MadeUpStep::inputs() const {
  return step_inputs(step_.graph, trainable_,
                     {variables_, {data_.data(), labels_.data()}, scalars_, seed_});
}

}  // namespace burin::train
