// Everything that training needs to go on with the same bits, in one safetensors file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "train/variables.h"

namespace burin::train {

// What an epoch has added up so far.
struct EpochSums {
  double loss = 0;  // of all samples
  int64_t correct = 0, samples = 0;
};

struct Checkpoint {
  std::string network;               // by which it was made: a file or a built-in one
  nlohmann::json options;            // of the training, as the caller keeps them
  std::vector<std::string> classes;  // names, by label
  int64_t step = 0;                  // so many are done
  int64_t epoch_steps = 0;           // of an epoch
  EpochSums sums;                    // of the epoch that the next step belongs to
  double best = -1;                  // the best validation score; -1 before the first
  std::vector<NamedTensor> variables;
};

// The current values of all variables, viewed.
std::vector<NamedTensor> values_of(const Variables& variables);

// Parameters (their averages if they have any) and statistics, by the names that the model has.
std::vector<NamedTensor> trained_weights(const Variables& variables);

Result<void> save_checkpoint(const Checkpoint& checkpoint, const std::string& path);
Result<Checkpoint> load_checkpoint(const std::string& path);

// Puts a checkpoint's values into the variables. Refuses one of another network: every variable
// must be there, of its type, and no other.
Result<void> restore(const Checkpoint& checkpoint, const std::string& path, Variables& variables);

}  // namespace burin::train
