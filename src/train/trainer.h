// The loop around a step: epochs, validation, checkpoints, metrics. In: a trainable network,
// batches and options. Out: a folder with
//   last.safetensors   the latest state: after an epoch, when due within one, or where it stopped
//   best.onnx          the weights of the epoch that validated best
//   metrics.jsonl      a line of JSON for each epoch
//   events.out.*       the same for TensorBoard
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "train/batches.h"
#include "train/checkpoint.h"
#include "train/classifier_notes.h"
#include "train/event_file.h"
#include "train/metrics.h"
#include "train/schedule.h"
#include "train/step_program.h"
#include "train/step_watch.h"
#include "train/training_step.h"

namespace burin::train {

struct Progress {
  int64_t epoch = 0, epochs = 0;  // epoch counts from 1
  int64_t batch = 0, batches = 0;
  double loss = 0;       // of this epoch so far
  double accuracy = 0;   // likewise
  double rate = 0;       // samples a second
  double waiting = 0;    // the share of time spent on waiting for data
  double remaining = 0;  // seconds, estimated, to the end of the last epoch
};

struct TrainerOptions {
  // Of a job whose ranks each have a trainer, and batches that are their slices of the steps'.
  // Their weights stay equal. Rank 0 alone writes files, progress and reports.
  exchange::Exchange* ranks = &exchange::alone();
  StepOptions step;
  std::string schedule = "cosine";
  int64_t epochs = 10;
  // Of the square pictures to train on, in turn, each for an equal share of the epochs; those that
  // validate stay as they are. Empty: as they are.
  std::vector<int64_t> sides;
  double warmup_epochs = 0;
  uint64_t seed = 1;
  std::string folder;                // made if it is missing
  std::vector<std::string> classes;  // names, by label
  std::optional<data::PictureFormat> pictures;
  nlohmann::json saved;  // goes into checkpoints as it is
  // A checkpoint is due after so many steps, or seconds, since the last one; 0: not by these.
  int64_t checkpoint_steps = 0;
  double checkpoint_seconds = 0;
  ProgramOptions programs;
  WatchOptions watch;
  std::function<void(const Progress&)> progress;   // may be empty
  std::function<void(const EpochReport&)> report;  // may be empty
  // Hears why a job of several ranks ends before its state is saved; may be empty.
  std::function<void(const Diagnostic&)> losing;
  std::function<bool()> stop = [] { return false; };
};

struct TrainReport {
  bool interrupted = false;
  int64_t steps = 0;  // done, with those before it was resumed
  double best_accuracy = 0;
  std::string checkpoint, model;  // the files
};

class Trainer {
 public:
  // `trainable`, `train` and `validation` must outlive the trainer.
  static Result<std::unique_ptr<Trainer>> create(const Trainable& trainable, BatchSource& train,
                                                 BatchSource& validation, TrainerOptions options);

  // Before run(): goes on where the checkpoint was saved. Refuses one of another network or of
  // other data.
  Result<void> resume(const std::string& checkpoint);
  Result<TrainReport> run();

  const Variables& variables() const { return variables_; }
  const TrainingStep& training_step() const { return *training_step_; }
  int64_t steps_per_epoch() const { return train_.batches(); }
  double learning_rate_at(int64_t step) const;  // counted from 0

 private:
  Trainer(const Trainable& trainable, BatchSource& train, BatchSource& validation,
          TrainerOptions options, MadeStep step);
  ScheduleOptions schedule_options() const;
  Result<void> begin();
  Result<void> check_ranks();
  Result<void> run_epochs(TrainReport& report);
  Result<bool> asked_to_stop();
  Result<void> take_side(int64_t side);
  double work_left_after(int64_t step) const;
  Result<bool> run_epoch();  // whether it came to its end
  Result<void> run_batch(const Batch& batch);
  Result<EpochSums> validate();
  Result<EpochSums> over_ranks(EpochSums sums);
  Result<void> finish_epoch();
  void close_epoch(const EpochReport& report);
  Result<void> write_epoch(const EpochReport& report);
  Diagnostic rescue(Diagnostic error);
  Result<void> save();
  bool checkpoint_due() const;
  Result<void> append_metrics(const EpochReport& report);
  void report_progress() const;
  int64_t epoch() const { return step_ / train_.batches(); }
  // Whether an epoch has had its steps, and validation is next.
  bool awaits_validation() const { return sums_.samples > 0 && step_ % train_.batches() == 0; }
  int64_t samples_of_step() const {
    return train_.labels_type().shape[0] * options_.ranks->ranks();
  }
  bool writes() const { return options_.ranks->rank() == 0; }
  std::string file(const std::string& name) const { return options_.folder + "/" + name; }

  const Trainable& trainable_;
  BatchSource& train_;
  BatchSource& validation_;
  TrainerOptions options_;
  Variables variables_;
  std::unique_ptr<TrainingStep> training_step_;
  std::unique_ptr<EvaluationProgram> evaluation_;
  std::optional<StepWatch> watch_;
  int64_t side_ = 0;  // that the step is for; 0: the network's own
  std::optional<EventFile> events_;
  int64_t step_ = 0;
  EpochSums sums_;
  double best_ = -1;
  bool alike_ = true;  // the ranks' weights, when they were last compared
  int64_t saved_step_ = 0;
  std::chrono::steady_clock::time_point saved_at_;
  // Since this run began, and since this epoch did.
  struct Clocks {
    double seconds = 0, waiting = 0;
    int64_t samples = 0;
    double work = 0;  // train/sides.h
  };
  Clocks whole_, current_;
};

}  // namespace burin::train
