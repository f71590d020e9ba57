// The file of metrics: a line of JSON for each epoch, with the step after which it was written.
#pragma once

#include <string>

#include "base/diagnostic.h"

namespace burin::train {

// Removes the lines that were written after a later step, and what is no whole line: a run that
// goes on from this step writes them again. Nothing happens where there is no such file.
Result<void> cut_metrics(const std::string& path, int64_t step);

}  // namespace burin::train
