// Shrinks a graph that fails to the part that makes it fail.
#pragma once

#include <functional>

#include "tests/support/op_cases.h"

namespace burin::test {

using FailsTest = std::function<bool(const BuiltCase&)>;

// Tries one output alone, then replaces nodes by inputs that carry their values (rounded to the
// dtype), as long as the rest still fails; what no output needs is left out.
BuiltCase shrink(const BuiltCase& failing, const FailsTest& fails);

}  // namespace burin::test
