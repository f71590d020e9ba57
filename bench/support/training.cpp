// From a name to a step graph.
#include "bench/support/training.h"

#include "driver/model.h"
#include "zoo/save.h"

namespace burin::bench {

namespace {

Result<train::Trainable> load_trainable(const std::string& name) {
  const zoo::ZooEntry* entry = zoo::find(name);
  std::unique_ptr<driver::Model> model;
  if (entry) {
    BURIN_ASSIGN(zoo::Bytes bytes, zoo::to_bytes(*entry, 1));
    BURIN_ASSIGN(model, driver::Model::from_memory(name, std::move(bytes), 0));
  } else {
    BURIN_ASSIGN(model, driver::Model::load(name, 0));
  }
  return train::make_trainable(model->proto(), name);
}

}  // namespace

Result<const train::Optimiser*> optimiser_named(const std::string& name) {
  const train::Optimiser* optimiser = train::find_optimiser(name);
  if (!optimiser) return fail("--optimiser", "there is no optimiser '" + name + "'");
  return optimiser;
}

Result<TrainedNetwork> build_training(const std::string& network, int64_t batch,
                                      const train::Optimiser& optimiser) {
  BURIN_ASSIGN(train::Trainable trainable, load_trainable(network));
  train::StepOptions options;
  options.batch = batch;
  options.optimiser = optimiser.name;
  options.optimiser_options = optimiser.defaults;
  options.labels = {DType::i64, Shape({batch})};
  if (trainable.head == train::Head::sigmoid) options.loss = "bce_with_logits";
  BURIN_ASSIGN(train::StepGraph step, train::build_step_graph(trainable, options));
  return TrainedNetwork{std::move(trainable), std::move(step)};
}

}  // namespace burin::bench
