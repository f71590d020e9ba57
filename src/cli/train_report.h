// report.html of a training, from what lies in its folder and from its samples.
#pragma once

#include "cli/train_setup.h"

namespace burin::cli {

// Evaluates the best network on the validation samples, and writes FOLDER/report.html. Does nothing
// before the first epoch has ended.
Result<void> write_training_report(TrainOptions& options, Sources& sources,
                                   const train::Trainer& trainer);

}  // namespace burin::cli
