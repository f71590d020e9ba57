// Epoch after epoch, batch after batch.
#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/rng.h"

namespace burin::train {

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Whether row i of a batch has a sample.
bool counts(const Tensor& labels, int64_t i) {
  return is_float(labels.dtype()) || labels.as_int(i) >= 0;
}

int64_t count_samples(const Tensor& labels) {
  int64_t samples = 0;
  for (int64_t i = 0; i < labels.shape()[0]; ++i) samples += counts(labels, i);
  return samples;
}

// How many rows of scores [N, C] have their largest value at the label; with one class, whether a
// positive score goes with a label of 1. Rows without a label are never correct.
int64_t count_correct(const Tensor& scores, const Tensor& labels) {
  if (scores.shape().rank() != 2 || labels.shape().rank() != 1) return 0;
  int64_t classes = scores.shape()[1], correct = 0;
  auto* row = reinterpret_cast<const float*>(scores.data());
  for (int64_t i = 0; i < labels.elements(); ++i, row += classes) {
    int64_t guess = classes == 1 ? row[0] > 0 : std::max_element(row, row + classes) - row;
    correct += guess == labels.as_int(i);
  }
  return correct;
}

Tensor view_labels(const TensorType& type, const void* data) {
  auto bytes = std::span(static_cast<const std::byte*>(data), static_cast<size_t>(type.bytes()));
  return Tensor(type, bytes, nullptr);
}

double mean(double sum, int64_t count) { return count > 0 ? sum / static_cast<double>(count) : 0; }

double accuracy_of(const EpochSums& sums) {
  return mean(static_cast<double>(sums.correct), sums.samples);
}

}  // namespace

Trainer::Trainer(const Trainable& trainable, BatchSource& train, BatchSource& validation,
                 TrainerOptions options, const StepGraph& step)
    : trainable_(trainable),
      train_(train),
      validation_(validation),
      options_(std::move(options)),
      variables_(step.variables) {}

Result<std::unique_ptr<Trainer>> Trainer::create(const Trainable& trainable, BatchSource& train,
                                                 BatchSource& validation, TrainerOptions options) {
  if (!find_schedule(options.schedule)) {
    return fail("--schedule", "there is no schedule '" + options.schedule + "'");
  }
  if (train.batches() == 0) return fail("", "the training data does not fill one batch");
  options.step.batch = train.labels_type().shape[0];
  options.step.labels = train.labels_type();
  StepOptions evaluation_options = options.step;
  evaluation_options.loss_options.label_smoothing = 0;
  BURIN_ASSIGN(StepGraph step, build_step_graph(trainable, options.step));
  BURIN_ASSIGN(StepGraph evaluation, build_evaluation_graph(trainable, evaluation_options));
  std::unique_ptr<Trainer> t(new Trainer(trainable, train, validation, std::move(options), step));
  BURIN_ASSIGN(t->step_program_, StepProgram::create(step, trainable, t->options_.programs));
  BURIN_ASSIGN(t->evaluation_,
               EvaluationProgram::create(evaluation, trainable, t->options_.programs));
  std::error_code error;
  std::filesystem::create_directories(t->options_.folder, error);
  if (error) return fail(t->options_.folder, "cannot make this folder: " + error.message());
  return t;
}

Result<void> Trainer::resume(const std::string& path) {
  BURIN_ASSIGN(Checkpoint checkpoint, load_checkpoint(path));
  BURIN_TRY(restore(checkpoint, path, variables_));
  step_ = checkpoint.step;
  sums_ = checkpoint.sums;
  best_ = checkpoint.best;
  return {};
}

ScheduleOptions Trainer::schedule_options() const {
  ScheduleOptions o;
  auto batches = static_cast<double>(train_.batches());
  o.steps = options_.epochs * train_.batches();
  o.warmup_steps = static_cast<int64_t>(std::llround(options_.warmup_epochs * batches));
  return o;
}

Result<TrainReport> Trainer::run() {
  TrainReport report;
  while (epoch() < options_.epochs) {
    BURIN_ASSIGN(bool whole, run_epoch());
    if (!whole) {
      BURIN_TRY(save("last.safetensors"));
      report.interrupted = true;
      break;
    }
    BURIN_TRY(finish_epoch());
  }
  report.steps = step_;
  report.best_accuracy = best_;
  report.checkpoint = file("last.safetensors");
  report.model = file("best.onnx");
  return report;
}

Result<bool> Trainer::run_epoch() {
  current_ = {};
  BURIN_TRY(train_.start(epoch(), step_ % train_.batches()));
  int64_t end = (epoch() + 1) * train_.batches();
  while (step_ < end) {
    if (options_.stop()) return false;
    auto start = Clock::now();
    BURIN_ASSIGN(std::optional<Batch> batch, train_.next());
    if (!batch) return fail("", "the training data ended early");
    double waited = since(start);
    run_batch(*batch);
    double seconds = since(start);
    for (Clocks* clocks : {&whole_, &current_}) {
      clocks->seconds += seconds, clocks->waiting += waited,
          clocks->samples += train_.labels_type().shape[0];
    }
    report_progress();
  }
  return true;
}

void Trainer::run_batch(const Batch& batch) {
  const OptimiserOptions& optimiser = options_.step.optimiser_options;
  learning_rate_ = optimiser.learning_rate *
                   factor_at(*find_schedule(options_.schedule), step_, schedule_options());
  StepScalars scalars = scalars_of_step(optimiser, learning_rate_, step_ + 1);
  auto seed =
      static_cast<uint32_t>(Rng(Rng(options_.seed).next() ^ static_cast<uint64_t>(step_)).next());
  double loss = step_program_->run(variables_, {batch.data, batch.labels}, scalars, seed);
  Tensor labels = view_labels(train_.labels_type(), batch.labels);
  int64_t samples = count_samples(labels);
  sums_.loss += loss * static_cast<double>(samples);
  sums_.samples += samples;
  sums_.correct += count_correct(step_program_->scores(), labels);
  ++step_;
}

Result<EpochSums> Trainer::validate() {
  EpochSums sums;
  BURIN_TRY(validation_.start(0, 0));
  while (true) {
    BURIN_ASSIGN(std::optional<Batch> batch, validation_.next());
    if (!batch) return sums;
    evaluation_->run(variables_, {batch->data, batch->labels}, options_.step.ema_decay > 0);
    Tensor labels = view_labels(validation_.labels_type(), batch->labels);
    for (int64_t i = 0; i < labels.shape()[0]; ++i) {
      if (counts(labels, i)) sums.loss += evaluation_->losses().as_double(i);
    }
    sums.samples += count_samples(labels);
    sums.correct += count_correct(evaluation_->scores(), labels);
  }
}

Result<void> Trainer::finish_epoch() {
  BURIN_ASSIGN(EpochSums validation, validate());
  EpochReport report;
  report.epoch = epoch();
  report.loss = mean(sums_.loss, sums_.samples);
  report.accuracy = accuracy_of(sums_);
  report.validation_loss = mean(validation.loss, validation.samples);
  report.validation_accuracy = accuracy_of(validation);
  report.learning_rate = learning_rate_;
  report.seconds = current_.seconds;
  report.rate = static_cast<double>(current_.samples) / current_.seconds;
  report.waiting = current_.waiting / current_.seconds;
  report.best = report.validation_accuracy > best_;
  sums_ = {};
  if (report.best) {
    best_ = report.validation_accuracy;
    BURIN_TRY(
        save_model(trainable_, trained_weights(variables_), options_.classes, file("best.onnx")));
  }
  BURIN_TRY(save("last.safetensors"));
  BURIN_TRY(append_metrics(report));
  if (options_.report) options_.report(report);
  return {};
}

Result<void> Trainer::save(const std::string& name) const {
  return save_checkpoint({trainable_.name, options_.saved, options_.classes, step_, sums_, best_,
                          values_of(variables_)},
                         file(name));
}

Result<void> Trainer::append_metrics(const EpochReport& report) const {
  nlohmann::json line = {{"epoch", report.epoch},
                         {"step", step_},
                         {"loss", report.loss},
                         {"accuracy", report.accuracy},
                         {"validation_loss", report.validation_loss},
                         {"validation_accuracy", report.validation_accuracy},
                         {"learning_rate", report.learning_rate},
                         {"seconds", report.seconds},
                         {"samples_per_second", report.rate},
                         {"waiting_for_data", report.waiting}};
  std::ofstream out(file("metrics.jsonl"), std::ios::app);
  out << line.dump() << "\n";
  out.flush();
  if (!out) return fail(file("metrics.jsonl"), "cannot write");
  return {};
}

void Trainer::report_progress() const {
  if (!options_.progress) return;
  Progress p;
  p.epochs = options_.epochs;
  p.batches = train_.batches();
  p.epoch = (step_ - 1) / p.batches + 1;
  p.batch = (step_ - 1) % p.batches + 1;
  p.loss = mean(sums_.loss, sums_.samples);
  p.accuracy = accuracy_of(sums_);
  p.rate = static_cast<double>(current_.samples) / current_.seconds;
  p.waiting = current_.waiting / current_.seconds;
  auto batch = static_cast<double>(train_.labels_type().shape[0]);
  auto left = static_cast<double>(p.epochs * p.batches - step_);
  p.remaining = left * batch * whole_.seconds / static_cast<double>(whole_.samples);
  options_.progress(p);
}

}  // namespace burin::train
