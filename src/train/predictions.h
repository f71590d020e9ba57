// What a classifier says of each sample.
#pragma once

#include <string>
#include <vector>

#include "train/batches.h"
#include "train/step_program.h"

namespace burin::train {

struct Prediction {
  int64_t row = 0;  // of the source, counted from its first batch
  int64_t label = 0, guess = 0;
  double label_probability = 0, guess_probability = 0;
};

// The samples of one epoch that have a label, in order. Scores [N, C] become probabilities by
// softmax; a single score by the logistic function, as that of the second of two classes.
Result<std::vector<Prediction>> predict(const Trainable& trainable, BatchSource& source,
                                        const ProgramOptions& options);

// How often each class (row) was taken for each (column), as `classes` rows.
std::vector<int64_t> confusion_matrix(const std::vector<Prediction>& predictions, int64_t classes);

}  // namespace burin::train
