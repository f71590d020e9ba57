// Why each kernel of a network is what it is, as prose and as JSON: `burin inspect --explain`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "driver/compile.h"

namespace burin::cli {

// `compiled` must have kept its intermediates. The limits of an estimate are those of the model in
// lower/kernels; cycles are of one core.
std::string explain_text(const driver::Compiled& compiled);
nlohmann::json explain_json(const driver::Compiled& compiled);

}  // namespace burin::cli
