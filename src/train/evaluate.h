// How well a network does on samples with known classes.
#pragma once

#include <vector>

#include "train/batches.h"
#include "train/step_program.h"

namespace burin::train {

inline constexpr int64_t kMaxConfusion = 2048;

struct Evaluation {
  double loss = 0;  // of all samples together
  int64_t samples = 0;
  int64_t correct = 0;
  // 0 where scores are not [N, classes] or labels are no classes: then nothing is correct.
  int64_t classes = 0;
  // How many samples of class t (row) were taken for class p (column): [classes, classes]. Empty
  // for more than kMaxConfusion classes.
  std::vector<int64_t> confusion;

  int64_t count(int64_t truth, int64_t predicted) const {
    return confusion[static_cast<size_t>(truth * classes + predicted)];
  }
  int64_t samples_of(int64_t truth) const;
};

// The class with the largest score in row i of [N, C]; of [N, 1], whether the score is positive.
int64_t predicted_class(const Tensor& scores, int64_t i);

// How many rows of scores [N, C] are taken for their label: a class of [N], or of shares [N, C] the
// one with the largest. Rows without a label (-1) are never correct.
int64_t count_correct(const Tensor& scores, const Tensor& labels);

// All batches of epoch 0, by the parameters' averages if there are any and `averages`.
Result<Evaluation> evaluate(EvaluationProgram& program, const Variables& variables,
                            BatchSource& batches, bool averages = false);

}  // namespace burin::train
