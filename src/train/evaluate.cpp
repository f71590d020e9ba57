// Batch after batch, row after row.
#include "train/evaluate.h"

#include <algorithm>
#include <numeric>

namespace burin::train {

namespace {

// The class of row i: of shares [N, C] the one with the largest.
int64_t label_of(const Tensor& labels, int64_t i) {
  return labels.shape().rank() == 1 ? labels.as_int(i) : predicted_class(labels, i);
}

bool tells_classes(const TensorType& scores, const TensorType& labels) {
  return scores.shape.rank() == 2 && labels.shape.rank() == 1 && !is_float(labels.dtype);
}

void add_batch(const Tensor& losses, const Tensor& scores, const Tensor& labels, Evaluation& e) {
  for (int64_t i = 0; i < labels.shape()[0]; ++i) {
    int64_t label = is_float(labels.dtype()) ? 0 : labels.as_int(i);
    if (label < 0) continue;
    e.loss += losses.as_double(i);
    ++e.samples;
    if (label >= e.classes) continue;
    int64_t predicted = predicted_class(scores, i);
    e.correct += predicted == label;
    if (!e.confusion.empty()) ++e.confusion[static_cast<size_t>(label * e.classes + predicted)];
  }
}

}  // namespace

int64_t Evaluation::samples_of(int64_t truth) const {
  auto row = confusion.begin() + truth * classes;
  return std::accumulate(row, row + classes, int64_t{0});
}

int64_t predicted_class(const Tensor& scores, int64_t i) {
  int64_t classes = scores.shape()[1];
  auto* row = reinterpret_cast<const float*>(scores.data()) + i * classes;
  return classes == 1 ? row[0] > 0 : std::max_element(row, row + classes) - row;
}

int64_t count_correct(const Tensor& scores, const Tensor& labels) {
  if (scores.shape().rank() != 2 || labels.shape().rank() > 2) return 0;
  int64_t correct = 0;
  for (int64_t i = 0; i < labels.shape()[0]; ++i) {
    correct += predicted_class(scores, i) == label_of(labels, i);
  }
  return correct;
}

Result<Evaluation> evaluate(EvaluationProgram& program, const Variables& variables,
                            BatchSource& batches, bool averages) {
  Evaluation e;
  const Tensor& scores = program.scores();
  TensorType type = batches.labels_type();
  if (tells_classes(scores.type(), type)) {
    e.classes = std::max<int64_t>(2, scores.shape()[1]);
    if (e.classes <= kMaxConfusion) e.confusion.resize(static_cast<size_t>(e.classes * e.classes));
  }
  BURIN_TRY(batches.start(0, 0));
  while (true) {
    BURIN_ASSIGN(std::optional<Batch> batch, batches.next());
    if (!batch) return e;
    program.run(variables, {batch->data, batch->labels}, averages);
    auto bytes =
        std::span(static_cast<const std::byte*>(batch->labels), static_cast<size_t>(type.bytes()));
    add_batch(program.losses(), scores, Tensor(type, bytes, nullptr), e);
  }
}

}  // namespace burin::train
