// Epoch after epoch, batch after batch.
#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/rng.h"
#include "exchange/outlive.h"
#include "train/evaluate.h"
#include "train/sides.h"

namespace burin::train {

namespace {

// Whether row i of a batch has a sample.
bool counts(const Tensor& labels, int64_t i) {
  return is_float(labels.dtype()) || labels.as_int(i) >= 0;
}

int64_t count_samples(const Tensor& labels) {
  int64_t samples = 0;
  for (int64_t i = 0; i < labels.shape()[0]; ++i) samples += counts(labels, i);
  return samples;
}

Tensor view_labels(const TensorType& type, const void* data) {
  auto bytes = std::span(static_cast<const std::byte*>(data), static_cast<size_t>(type.bytes()));
  return Tensor(type, bytes, nullptr);
}

int64_t memory_of(const EvaluationProgram& evaluation) {
  return evaluation.program().arena_bytes + evaluation.program().scratch_bytes;
}

double mean(double sum, int64_t count) { return count > 0 ? sum / static_cast<double>(count) : 0; }

// 0 where no time has gone: a validation that was still to be done when training went on.
double per_second(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

double accuracy_of(const EpochSums& sums) {
  return mean(static_cast<double>(sums.correct), sums.samples);
}

// Of what the ranks of a job must have in common, in [0, 2^53).
double digest_of(const Variables& variables, std::initializer_list<int64_t> numbers) {
  uint64_t digest = 0;
  auto mix = [&](uint64_t word) { digest = Rng(digest ^ word).next(); };
  for (int64_t number : numbers) mix(static_cast<uint64_t>(number));
  for (const Variable& v : variables.all()) {
    mix(std::hash<std::string>{}(v.name));
    auto bytes = v.value.bytes();
    mix(std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  }
  return static_cast<double>(digest >> 11);
}

// Makes the pictures of `train` that large and a step for them; 0: as they are.
Result<void> take_pictures(int64_t side, BatchSource& train, StepOptions& step) {
  if (side == 0) return {};
  BURIN_TRY(train.resize(side));
  const Dims& dims = train.data_type().shape.dims();
  step.sample.assign(dims.begin() + 1, dims.end());
  return {};
}

// Leaves the pictures at the first of the sides.
Result<void> check_sides(const Trainable& trainable, BatchSource& train, TrainerOptions& options) {
  if (static_cast<int64_t>(options.sides.size()) > options.epochs) {
    return fail("--sizes", fmt::format("{} sizes do not fit into {} epochs", options.sides.size(),
                                       options.epochs));
  }
  for (size_t i = options.sides.size(); i-- > 0;) {
    BURIN_TRY(take_pictures(options.sides[i], train, options.step));
    auto graph = build_evaluation_graph(trainable, options.step);
    if (graph) continue;
    Diagnostic why = graph.error();
    why.hint = fmt::format(
        "that is with pictures of {0} x {0}; networks that end in a global average take any size",
        options.sides[i]);
    return std::unexpected(why);
  }
  return {};
}

}  // namespace

Trainer::Trainer(const Trainable& trainable, BatchSource& train, BatchSource& validation,
                 TrainerOptions options, MadeStep step)
    : trainable_(trainable),
      train_(train),
      validation_(validation),
      options_(std::move(options)),
      variables_(step.variables),
      training_step_(std::move(step.step)),
      side_(side_of_epoch(options_.sides, 0, options_.epochs)) {
  watch_.emplace(trainable, options_.step, options_.programs, options_.watch);
}

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
  evaluation_options.batch = validation.labels_type().shape[0];
  evaluation_options.labels = validation.labels_type();
  BURIN_ASSIGN(StepGraph evaluation, build_evaluation_graph(trainable, evaluation_options));
  BURIN_ASSIGN(auto evaluator, EvaluationProgram::create(evaluation, trainable, options.programs));
  BURIN_TRY(check_sides(trainable, train, options));
  BURIN_ASSIGN(MadeStep step, make_training_step(trainable, options.step, options.programs,
                                                 memory_of(*evaluator), *options.ranks));
  std::unique_ptr<Trainer> t(
      new Trainer(trainable, train, validation, std::move(options), std::move(step)));
  t->evaluation_ = std::move(evaluator);
  BURIN_TRY(t->watch_->check_names());
  std::error_code error;
  std::filesystem::create_directories(t->options_.folder, error);
  if (error) return fail(t->options_.folder, "cannot make this folder: " + error.message());
  return t;
}

Result<void> Trainer::resume(const std::string& path) {
  BURIN_ASSIGN(Checkpoint checkpoint, load_checkpoint(path));
  if (checkpoint.epoch_steps != train_.batches() || checkpoint.classes != options_.classes) {
    return fail(path,
                "was made with other data: " + std::to_string(checkpoint.epoch_steps) +
                    " steps an epoch, classes " +
                    fmt::format("{}", fmt::join(checkpoint.classes, ", ")),
                "go on with the data and the --batch that it was made with");
  }
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

double Trainer::learning_rate_at(int64_t step) const {
  return options_.step.optimiser_options.learning_rate *
         factor_at(*find_schedule(options_.schedule), step, schedule_options());
}

Result<TrainReport> Trainer::run() {
  TrainReport report;
  BURIN_TRY(begin());
  auto done = run_epochs(report);
  if (!done) return std::unexpected(rescue(done.error()));
  report.steps = step_;
  report.best_accuracy = best_;
  report.checkpoint = file("last.safetensors");
  report.model = file("best.onnx");
  return report;
}

// Several ranks have a checkpoint whenever they end.
Result<void> Trainer::begin() {
  BURIN_TRY(check_ranks());
  if (!writes()) return {};
  // An epoch that is still to be validated is told again.
  int64_t told = awaits_validation() ? step_ - 1 : step_;
  BURIN_TRY(cut_metrics(file("metrics.jsonl"), told));
  BURIN_ASSIGN(events_, EventFile::create(options_.folder, told + 1));
  saved_step_ = step_, saved_at_ = Clock::now();
  return options_.ranks->ranks() > 1 && step_ == 0 ? save() : Result<void>();
}

// What each rank computes by itself must be the same on all.
Result<void> Trainer::check_ranks() {
  if (options_.ranks->ranks() == 1) return {};
  double mine = digest_of(variables_, {step_, train_.batches(), validation_.batches(),
                                       static_cast<int64_t>(options_.seed)});
  double first = writes() ? mine : 0;
  BURIN_TRY(options_.ranks->add({&first, 1}));
  double others = mine == first ? 0 : 1;
  BURIN_TRY(options_.ranks->add({&others, 1}));
  alike_ = others == 0;
  if (alike_) return {};
  return fail("", "the ranks differ in their weights or in their number of samples",
              "each machine needs the same network, data and checkpoint, and the same --target");
}

Result<void> Trainer::run_epochs(TrainReport& report) {
  while (epoch() < options_.epochs || awaits_validation()) {
    if (!awaits_validation()) {
      BURIN_ASSIGN(bool whole, run_epoch());
      if (!whole) {
        report.interrupted = true;
        return writes() ? save() : Result<void>();
      }
      BURIN_TRY(check_ranks());
    }
    BURIN_TRY(finish_epoch());
  }
  return {};
}

// The ranks have the same state. Two of them save it, for one may be the lost one; and whatever
// started the job leaves them little time.
Diagnostic Trainer::rescue(Diagnostic error) {
  if (options_.ranks->ranks() == 1 || !alike_) return error;
  std::string step = "after step " + std::to_string(step_) + "; go";
  std::string way = " on with: burin train --resume " + options_.folder;
  bool saved = false;
  if (options_.ranks->rank() <= 1) {
    error.hint = "saving the state " + step + way;
    if (options_.losing) options_.losing(error);
    saved = exchange::run_outliving([&] { return save().has_value(); });
  }
  error.hint = (saved ? "saved the state " + step : "go") + way;
  return error;
}

// Whether any rank was.
Result<bool> Trainer::asked_to_stop() {
  double asked = options_.stop() ? 1 : 0;
  BURIN_TRY(options_.ranks->add({&asked, 1}));
  return asked > 0;
}

Result<EpochSums> Trainer::over_ranks(EpochSums sums) {
  double values[] = {sums.loss, static_cast<double>(sums.correct),
                     static_cast<double>(sums.samples)};
  BURIN_TRY(options_.ranks->add(values));
  return EpochSums{values[0], static_cast<int64_t>(values[1]), static_cast<int64_t>(values[2])};
}

// From now on steps are for pictures of this side.
Result<void> Trainer::take_side(int64_t side) {
  if (side == side_) return {};
  BURIN_TRY(take_pictures(side, train_, options_.step));
  BURIN_ASSIGN(MadeStep made, make_training_step(trainable_, options_.step, options_.programs,
                                                 memory_of(*evaluation_), *options_.ranks));
  training_step_ = std::move(made.step);
  watch_.emplace(trainable_, options_.step, options_.programs, options_.watch);
  side_ = side;
  return {};
}

double Trainer::work_left_after(int64_t step) const {
  return work_left(options_.sides, step, train_.batches(), options_.epochs);
}

Result<bool> Trainer::run_epoch() {
  current_ = {};
  BURIN_TRY(take_side(side_of_epoch(options_.sides, epoch(), options_.epochs)));
  BURIN_TRY(train_.start(epoch(), step_ % train_.batches()));
  int64_t end = (epoch() + 1) * train_.batches();
  while (step_ < end) {
    BURIN_ASSIGN(bool stop, asked_to_stop());
    if (stop) return false;
    auto start = Clock::now();
    BURIN_ASSIGN(std::optional<Batch> batch, train_.next());
    if (!batch) return fail("", "the training data ended early");
    double waited = seconds_since(start);
    double work = work_left_after(step_);
    BURIN_TRY(run_batch(*batch));
    double seconds = seconds_since(start);
    work -= work_left_after(step_);
    for (Clocks* clocks : {&whole_, &current_}) {
      clocks->seconds += seconds, clocks->waiting += waited, clocks->samples += samples_of_step();
      clocks->work += work;
    }
    report_progress();
    if (writes() && step_ < end && checkpoint_due()) BURIN_TRY(save());
  }
  return true;
}

bool Trainer::checkpoint_due() const {
  const TrainerOptions& o = options_;
  return (o.checkpoint_steps > 0 && step_ - saved_step_ >= o.checkpoint_steps) ||
         (o.checkpoint_seconds > 0 && seconds_since(saved_at_) >= o.checkpoint_seconds);
}

Result<void> Trainer::run_batch(const Batch& batch) {
  StepScalars scalars =
      scalars_of_step(options_.step.optimiser_options, learning_rate_at(step_), step_ + 1);
  auto seed =
      static_cast<uint32_t>(Rng(Rng(options_.seed).next() ^ static_cast<uint64_t>(step_)).next());
  StepState state{variables_, {batch.data, batch.labels}, scalars, seed};
  BURIN_TRY(watch_->before(step_ + 1, state));
  double loss = training_step_->compute(variables_, state.batch, scalars, seed);
  Tensor labels = view_labels(train_.labels_type(), batch.labels);
  EpochSums mine;
  mine.samples = count_samples(labels);
  mine.loss = loss * static_cast<double>(mine.samples);
  mine.correct = count_correct(training_step_->scores(), labels);
  BURIN_ASSIGN(EpochSums all, over_ranks(mine));
  BURIN_TRY(training_step_->finish(variables_));
  BURIN_TRY(watch_->after(step_ + 1, loss, variables_, state));
  sums_.loss += all.loss, sums_.samples += all.samples, sums_.correct += all.correct;
  ++step_;
  return {};
}

Result<EpochSums> Trainer::validate() {
  BURIN_ASSIGN(Evaluation e,
               evaluate(*evaluation_, variables_, validation_, options_.step.ema_decay > 0));
  return over_ranks({e.loss, e.correct, e.samples});
}

Result<void> Trainer::finish_epoch() {
  BURIN_ASSIGN(EpochSums validation, validate());
  EpochReport report;
  report.epoch = epoch();
  report.step = step_;
  report.loss = mean(sums_.loss, sums_.samples);
  report.accuracy = accuracy_of(sums_);
  report.validation_loss = mean(validation.loss, validation.samples);
  report.validation_accuracy = accuracy_of(validation);
  report.learning_rate = learning_rate_at(step_ - 1);
  report.seconds = current_.seconds;
  report.rate = per_second(static_cast<double>(current_.samples), current_.seconds);
  report.waiting = per_second(current_.waiting, current_.seconds);
  report.recomputed = training_step_->gradients().recomputation().share;
  report.best = report.validation_accuracy > best_;
  if (writes()) BURIN_TRY(write_epoch(report));
  // To the others the epoch is open until its files are there: whoever saves their state has it
  // done again.
  double nothing = 0;
  BURIN_TRY(options_.ranks->add({&nothing, 1}));
  close_epoch(report);
  return {};
}

void Trainer::close_epoch(const EpochReport& report) {
  sums_ = {};
  if (report.best) best_ = report.validation_accuracy;
}

Result<void> Trainer::write_epoch(const EpochReport& report) {
  close_epoch(report);
  if (report.best) {
    Metadata metadata = trainable_.original.metadata;
    write_notes({options_.classes, options_.pictures, options_.step.loss}, metadata);
    BURIN_TRY(save_model(trainable_, trained_weights(variables_), metadata, file("best.onnx")));
  }
  BURIN_TRY(append_metrics(report));  // before the checkpoint: a resumed run cuts them to its step
  BURIN_TRY(save());
  if (options_.report) options_.report(report);
  return {};
}

Result<void> Trainer::save() {
  Checkpoint checkpoint{trainable_.name, options_.saved,       options_.classes,
                        step_,           train_.batches(),     sums_,
                        best_,           values_of(variables_)};
  BURIN_TRY(save_checkpoint(checkpoint, file("last.safetensors")));
  saved_step_ = step_, saved_at_ = Clock::now();
  return {};
}

Result<void> Trainer::append_metrics(const EpochReport& report) {
  const Scalar scalars[] = {
      {"loss/training", report.loss},          {"loss/validation", report.validation_loss},
      {"accuracy/training", report.accuracy},  {"accuracy/validation", report.validation_accuracy},
      {"learning_rate", report.learning_rate}, {"images_per_second", report.rate}};
  BURIN_TRY(events_->add(step_, scalars));
  std::ofstream out(file("metrics.jsonl"), std::ios::app);
  out << metrics_line(report) << "\n";
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
  p.remaining = work_left_after(step_) * whole_.seconds / whole_.work;
  options_.progress(p);
}

}  // namespace burin::train
