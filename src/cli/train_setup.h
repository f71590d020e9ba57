// From the options of burin train to what a trainer takes.
#pragma once

#include <memory>

#include "cli/train_options.h"
#include "data/dataset.h"
#include "data/split.h"
#include "exchange/exchange.h"
#include "train/trainer.h"

namespace burin::cli {

// What is trained on and what is validated on.
struct Sources {
  data::OpenedDataset sets;
  data::Split items;  // of the training set, and of the set that validates
  std::unique_ptr<train::BatchSource> train, validation;
  data::PictureFormat pictures;

  // The set that validates.
  const data::Dataset& held_out() const { return sets.test ? *sets.test : *sets.train; }
};

// Opens the batches of the sets that are open already, in the shape that the network takes. Each
// rank loads a slice of every batch.
Result<void> open_sources(const TrainOptions& options, const train::Trainable& trainable,
                          const exchange::Exchange& ranks, Sources& out);

// The network with as many outputs as there are classes; two may share one.
Result<train::Trainable> load_trainable(const TrainOptions& options, size_t classes);

Result<train::TrainerOptions> trainer_options(TrainOptions& options,
                                              const train::Trainable& trainable);

}  // namespace burin::cli
