// Appends to the imported graph: labels, loss, gradients, update.
#include "train/step_graph.h"

#include "autodiff/differentiate.h"
#include "graph/builder.h"
#include "onnx/find_value.h"
#include "onnx/import.h"
#include "train/early_updates.h"

namespace burin::train {

namespace {

using graph::Builder;
using graph::NodeId;

// The type of the data input for a batch: the model's, its first dimension the batch's size.
Result<graph::Graph> import_for_batch(const Trainable& trainable, const onnx::Model& model,
                                      int64_t batch) {
  onnx::ImportOptions options;
  for (const onnx::ValueInfo& input : model.graph.inputs) {
    if (input.name != trainable.input) continue;
    if (!input.dims || input.dims->empty()) {
      return fail(input.name, "the network's input has no batch dimension");
    }
    const onnx::Dim& first = input.dims->front();
    if (first.size && *first.size != batch) {
      return fail(input.name, "the network takes batches of " + first.text() + " only",
                  "train with that --batch, or export it with a dynamic batch dimension");
    }
    for (size_t i = 1; i < input.dims->size(); ++i) {
      if (!(*input.dims)[i].size) {
        return fail(input.name, "the size of dimension " + std::to_string(i) + " is open");
      }
    }
    Dims dims = {batch};
    for (size_t i = 1; i < input.dims->size(); ++i) dims.push_back(*(*input.dims)[i].size);
    options.input_shapes[input.name] = std::move(dims);
  }
  BURIN_ASSIGN(onnx::Imported imported, onnx::import_model(model, options));
  return std::move(imported.graph);
}

// The model for samples of these dimensions.
Result<void> resize_samples(const std::string& input, const Dims& sample, onnx::Model& model) {
  if (sample.empty()) return {};
  for (onnx::ValueInfo& value : model.graph.inputs) {
    if (value.name != input || !value.dims) continue;
    if (value.dims->size() != sample.size() + 1) {
      return fail(input,
                  "the network takes " + value.text() + ", not samples of " + Shape(sample).text());
    }
    for (size_t i = 0; i < sample.size(); ++i) (*value.dims)[i + 1] = {sample[i], {}};
  }
  return {};
}

// An output for each watched value, though it may be one already.
Result<void> add_watched(onnx::Model& model, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    bool gradient = name.starts_with(kGradientOf);
    BURIN_ASSIGN(onnx::ValueInfo value,
                 onnx::find_value(model, gradient ? name.substr(kGradientOf.size()) : name));
    model.graph.outputs.push_back(std::move(value));
  }
  return {};
}

NodeId find_input(const graph::Graph& graph, std::string_view name) {
  for (const graph::Port& port : graph.inputs) {
    if (port.name == name) return port.node;
  }
  throw graph::BuildError("the network does not use its input " + std::string(name));
}

class StepBuilder {
 public:
  StepBuilder(graph::Graph graph, const Trainable& trainable, const StepOptions& options)
      : trainable_(trainable), options_(options) {
    result_.graph = std::move(graph);
    imported_outputs_ = std::exchange(result_.graph.outputs, {});
  }

  Result<StepGraph> step() {
    std::vector<NodeId> parameters = parameter_inputs(), wanted = parameters;
    for (const Watched& w : watched()) {
      if (w.gradient) wanted.push_back(w.node);
    }
    BURIN_ASSIGN(std::vector<NodeId> gradients, differentiate(wanted));
    NodeId first_update(result_.graph.size());
    update(parameters, std::span(gradients).first(parameters.size()));
    for (size_t i = 0; i < trainable_.statistics.size(); ++i) {
      const NamedTensor& s = trainable_.statistics[i];
      declare({s.name, VariableKind::statistic, s.value}, imported_outputs_[i + 1].node);
    }
    size_t next_gradient = parameters.size();
    for (const Watched& w : watched()) {
      b_.output(w.name, w.gradient ? gradients[next_gradient++] : w.node);
    }
    result_.graph = move_updates_early(result_.graph, first_update);
    return std::move(result_);
  }

  Result<StepGraph> gradients() {
    BURIN_ASSIGN(std::vector<NodeId> gradients, differentiate(parameter_inputs()));
    for (size_t i = 0; i < gradients.size(); ++i) {
      b_.output(trainable_.parameters[i].name, gradients[i]);
    }
    for (size_t i = 0; i < trainable_.statistics.size(); ++i) {
      b_.output(trainable_.statistics[i].name, imported_outputs_[i + 1].node);
    }
    return std::move(result_);
  }

  // Of sums, in a graph that has nothing yet.
  Result<StepGraph> update_of_sums() {
    std::vector<NodeId> parameters, gradients;
    for (const NamedTensor& p : trainable_.parameters) {
      parameters.push_back(b_.input(p.name, p.value.type()));
      gradients.push_back(b_.input(sum_input(p.name), p.value.type()));
    }
    update(parameters, gradients);
    for (const NamedTensor& s : trainable_.statistics) {
      Value sum = value(b_.input(sum_input(s.name), s.value.type()));
      Value mean = sum * (1 / static_cast<double>(options_.slices));
      declare({s.name, VariableKind::statistic, s.value}, mean);
    }
    return std::move(result_);
  }

  Result<StepGraph> evaluation() {
    Value losses = build_losses();
    b_.output("losses", losses);
    b_.output("scores", imported_outputs_[0].node);
    for (const NamedTensor& p : trainable_.parameters) {
      result_.variables.push_back({p.name, VariableKind::parameter, p.value});
    }
    for (const NamedTensor& s : trainable_.statistics) {
      result_.variables.push_back({s.name, VariableKind::statistic, s.value});
    }
    return std::move(result_);
  }

 private:
  struct Watched {
    std::string name;
    NodeId node;  // of the value, or of what the gradient is with respect to
    bool gradient = false;
  };

  // They are the last of the imported outputs.
  std::vector<Watched> watched() const {
    std::vector<Watched> list;
    size_t first = imported_outputs_.size() - options_.watched.size();
    for (size_t i = 0; i < options_.watched.size(); ++i) {
      const std::string& name = options_.watched[i];
      list.push_back({name, imported_outputs_[first + i].node, name.starts_with(kGradientOf)});
    }
    return list;
  }

  Value value(NodeId id) { return {b_, id}; }
  std::vector<NodeId> parameter_inputs() const {
    std::vector<NodeId> inputs;
    for (const NamedTensor& p : trainable_.parameters) {
      inputs.push_back(find_input(result_.graph, p.name));
    }
    return inputs;
  }

  // Appends loss and scores as outputs; the loss's gradients.
  Result<std::vector<NodeId>> differentiate(const std::vector<NodeId>& parameters) {
    Value losses = build_losses();
    auto rows = static_cast<double>(options_.batch * options_.slices);
    Value loss = options_.slices == 1 ? losses.mean({0}) : losses.sum({0}) * (1 / rows);
    loss = loss.reshape({});
    b_.output("loss", loss);
    b_.output("scores", imported_outputs_[0].node);
    return autodiff::differentiate(result_.graph, loss, parameters);
  }

  Value scalar_input(std::string_view name) {
    return value(b_.input(std::string(name), {DType::f32, {}}));
  }

  Value build_losses() {
    const Loss* loss = find_loss(options_.loss);
    if (!loss) throw graph::BuildError("there is no loss '" + options_.loss + "'");
    Value labels = value(b_.input(std::string(kLabelsInput), options_.labels));
    Value scores = value(imported_outputs_[0].node);
    set_source("loss", options_.loss);
    return sample_losses(*loss, scores, labels, options_.loss_options);
  }

  // A variable and its new value.
  void declare(VariableSpec spec, NodeId next) {
    b_.output("next:" + spec.name, next);
    result_.variables.push_back(std::move(spec));
  }

  // Nodes from now on are shown as this layer's.
  void set_source(std::string name, std::string op_type) {
    b_.set_source(result_.graph.sources.push_back({std::move(name), std::move(op_type)}));
  }

  std::vector<Value> clipped(std::span<const NodeId> gradients) {
    set_source("clipping", "");
    std::vector<Value> values;
    for (NodeId g : gradients) values.push_back(value(g));
    if (options_.clip_value > 0) values = clip_by_value(std::move(values), options_.clip_value);
    if (options_.clip_norm > 0) values = clip_by_norm(std::move(values), options_.clip_norm);
    return values;
  }

  void update(const std::vector<NodeId>& parameters, std::span<const NodeId> gradients) {
    const Optimiser* optimiser = find_optimiser(options_.optimiser);
    if (!optimiser) throw graph::BuildError("there is no optimiser '" + options_.optimiser + "'");
    Value rate = scalar_input(kLearningRateInput), size = scalar_input(kStepSizeInput);
    Value root = scalar_input(kRootInput);
    std::vector<Value> clean = clipped(gradients);
    for (size_t i = 0; i < parameters.size(); ++i) {
      UpdateArgs args{value(parameters[i]),      clean[i], {}, rate, size, root,
                      options_.optimiser_options};
      update_one(*optimiser, trainable_.parameters[i], args);
    }
  }

  void update_one(const Optimiser& optimiser, const NamedTensor& parameter, UpdateArgs& args) {
    const TensorType& type = parameter.value.type();
    auto slots = optimiser.slots(options_.optimiser_options);
    std::vector<std::string> names;
    for (std::string_view slot : slots) {
      names.push_back(std::string(slot) + ":" + parameter.name);
      args.state.push_back(value(b_.input(names.back(), type)));
    }
    set_source("update of " + parameter.name, options_.optimiser);
    Updated now = optimiser.update(args);
    declare({parameter.name, VariableKind::parameter, parameter.value}, now.parameter);
    for (size_t k = 0; k < slots.size(); ++k) {
      declare({names[k], VariableKind::optimiser_state, Tensor(type)}, now.state[k]);
    }
    if (options_.ema_decay == 0) return;
    std::string name = "ema:" + parameter.name;
    Value average = value(b_.input(name, type));
    average = average * options_.ema_decay + now.parameter * (1 - options_.ema_decay);
    declare({name, VariableKind::average, parameter.value}, average);
  }

  const Trainable& trainable_;
  const StepOptions& options_;
  StepGraph result_;
  Builder b_{result_.graph};
  std::vector<graph::Port> imported_outputs_;
};

using Build = Result<StepGraph> (StepBuilder::*)();

Result<StepGraph> build_on(graph::Graph graph, const Trainable& trainable,
                           const StepOptions& options, Build what) {
  try {
    StepBuilder builder(std::move(graph), trainable, options);
    return (builder.*what)();
  } catch (const graph::BuildError& e) {
    return fail(trainable.name, e.what(), e.hint);
  }
}

Result<StepGraph> build(const Trainable& trainable, const onnx::Model& model,
                        const StepOptions& options, Build what) {
  onnx::Model changed = model;
  BURIN_TRY(resize_samples(trainable.input, options.sample, changed));
  BURIN_TRY(add_watched(changed, options.watched));
  BURIN_ASSIGN(graph::Graph graph, import_for_batch(trainable, changed, options.batch));
  return build_on(std::move(graph), trainable, options, what);
}

// Random layers draw what they draw for these rows of the whole batch.
onnx::Model of_slice(onnx::Model model, int64_t slice) {
  for (onnx::NodeView& node : model.graph.nodes) {
    if (node.op_type == "TrainingDropout") node.attributes["slice"] = slice;
  }
  return model;
}

}  // namespace

std::string sum_input(std::string_view name) { return "sum:" + std::string(name); }

Result<SplitStepGraph> build_split_step_graph(const Trainable& trainable,
                                              const StepOptions& options) {
  SplitStepGraph split;
  BURIN_ASSIGN(StepGraph first, build(trainable, of_slice(trainable.training, options.slice),
                                      options, &StepBuilder::gradients));
  split.gradients = std::move(first.graph);
  for (size_t i = 2; i < split.gradients.outputs.size(); ++i) {
    split.summed.push_back(split.gradients.outputs[i].name);
  }
  graph::Graph empty;
  empty.name = split.gradients.name;
  BURIN_ASSIGN(split.update,
               build_on(std::move(empty), trainable, options, &StepBuilder::update_of_sums));
  return split;
}

Result<StepGraph> build_step_graph(const Trainable& trainable, const StepOptions& options) {
  return build(trainable, trainable.training, options, &StepBuilder::step);
}

Result<StepGraph> build_evaluation_graph(const Trainable& trainable, const StepOptions& options) {
  return build(trainable, trainable.evaluation, options, &StepBuilder::evaluation);
}

Result<TensorType> scores_type(const Trainable& trainable, int64_t batch) {
  BURIN_ASSIGN(graph::Graph graph, import_for_batch(trainable, trainable.evaluation, batch));
  return graph.type(graph.outputs[0].node);
}

}  // namespace burin::train
