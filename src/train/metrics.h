// The file of metrics: a line of JSON for each epoch, with the step after which it was written.
#pragma once

#include <cstdint>
#include <string>

#include "base/diagnostic.h"

namespace burin::train {

struct EpochReport {
  int64_t epoch = 0;  // from 1
  int64_t step = 0;   // after which it was written
  double loss = 0, accuracy = 0;
  double validation_loss = 0, validation_accuracy = 0;
  double learning_rate = 0;  // of the last step
  double seconds = 0, rate = 0, waiting = 0;
  double recomputed = 0;  // share of the arithmetic that is done twice to save memory
  bool best = false;
};

// One object, without the end of the line.
std::string metrics_line(const EpochReport& report);

// Removes the lines that were written after a later step, and what is no whole line: a run that
// goes on from this step writes them again. Nothing happens where there is no such file.
Result<void> cut_metrics(const std::string& path, int64_t step);

}  // namespace burin::train
