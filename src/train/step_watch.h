// Looks into the steps of a training: writes values of one step to files, and finds where numbers
// stop being finite. A step is run again for that, outside the loop, from the same state and batch.
#pragma once

#include <string>
#include <vector>

#include "train/one_step.h"

namespace burin::train {

struct Dump {
  std::string value;  // as StepOptions::watched names it
  std::string path;   // of a .npy file
};

struct WatchOptions {
  bool check_finite = false;
  std::vector<Dump> dumps;
  int64_t dump_step = 1;  // counted from 1
};

class StepWatch {
 public:
  // Makes the step's graph anew when it is needed. `trainable` must outlive the watch.
  StepWatch(const Trainable& trainable, const StepOptions& step, const ProgramOptions& programs,
            WatchOptions options);

  // Refuses names that the network does not have.
  Result<void> check_names() const;
  // Before step `number`, counted from 1: writes the dumps if it is theirs.
  Result<void> before(int64_t number, const StepState& state) const;
  // After it, when `variables` have advanced: fails where the loss or one of them is not finite,
  // with the first node that is to blame. `state` is the step's, but for its variables; they go
  // back to what they were before the step if it fails.
  Result<void> after(int64_t number, double loss, Variables& variables,
                     const StepState& state) const;

 private:
  bool is_finite(double loss, const Variables& variables) const;

  const Trainable& trainable_;
  StepOptions step_;
  ProgramOptions programs_;
  WatchOptions options_;
};

}  // namespace burin::train
