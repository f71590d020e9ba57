// Reads the text form of loop/print.h. The text may be hostile: what comes out has passed
// loop/verify.h, everything else is a Diagnostic with line and column.
#pragma once

#include <string_view>

#include "base/diagnostic.h"
#include "loop/function.h"

namespace burin::loop {

// `name` stands in front of errors: the file's name.
Result<Function> parse(std::string_view text, std::string_view name = "loop text");

}  // namespace burin::loop
