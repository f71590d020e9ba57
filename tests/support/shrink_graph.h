// Shrinks a graph that fails to the part that makes it fail.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tests/support/op_cases.h"

namespace burin::test {

// What is wrong with a case, or nullopt. It need not say the same each time it is asked.
using Complaint = std::function<std::optional<std::string>(const BuiltCase&)>;

struct Shrunk {
  BuiltCase part;
  std::string complaint;  // about that part
};

// Tries one output alone, then replaces nodes by inputs that carry their values (rounded to the
// dtype), as long as there is a complaint about the rest; what no output needs is left out. `first`
// is the complaint about the whole, which nothing smaller may cause again.
Shrunk shrink(const BuiltCase& failing, std::string first, const Complaint& complain);

}  // namespace burin::test
