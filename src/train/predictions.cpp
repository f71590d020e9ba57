// An evaluation whose scores are looked at.
#include "train/predictions.h"

#include <algorithm>

#include "train/classifier_notes.h"

namespace burin::train {

namespace {

void add_rows(const Tensor& scores, const int64_t* labels, int64_t first,
              std::vector<Prediction>& out) {
  int64_t count = scores.shape()[1];
  auto* row = reinterpret_cast<const float*>(scores.data());
  for (int64_t i = 0; i < scores.shape()[0]; ++i, row += count) {
    if (labels[i] < 0) continue;
    std::vector<double> p = probabilities({row, row + count}, Head::none);
    auto best = std::ranges::max_element(p);
    Prediction made{.row = first + i, .label = labels[i], .guess = best - p.begin()};
    made.guess_probability = *best;
    auto label = static_cast<size_t>(labels[i]);
    if (label < p.size()) made.label_probability = p[label];
    out.push_back(made);
  }
}

}  // namespace

Result<std::vector<Prediction>> predict(const Trainable& trainable, BatchSource& source,
                                        const ProgramOptions& options) {
  StepOptions step;
  step.batch = source.labels_type().shape[0];
  step.labels = source.labels_type();
  step.loss = "mse";  // any that takes scores of every width; it is not looked at
  BURIN_ASSIGN(StepGraph graph, build_evaluation_graph(trainable, step));
  BURIN_ASSIGN(auto program, EvaluationProgram::create(graph, trainable, options));
  if (program->scores().shape().rank() != 2) return fail(trainable.name, "makes no scores");
  Variables variables(graph.variables);
  std::vector<Prediction> predictions;
  BURIN_TRY(source.start(0, 0));
  for (int64_t first = 0;; first += step.batch) {
    BURIN_ASSIGN(std::optional<Batch> batch, source.next());
    if (!batch) return predictions;
    program->run(variables, {batch->data, batch->labels});
    add_rows(program->scores(), static_cast<const int64_t*>(batch->labels), first, predictions);
  }
}

std::vector<int64_t> confusion_matrix(const std::vector<Prediction>& predictions, int64_t classes) {
  std::vector<int64_t> matrix(static_cast<size_t>(classes * classes));
  for (const Prediction& p : predictions) {
    bool inside = p.label < classes && p.guess < classes;
    if (inside) ++matrix[static_cast<size_t>(p.label * classes + p.guess)];
  }
  return matrix;
}

}  // namespace burin::train
