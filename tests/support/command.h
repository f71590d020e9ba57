// Runs a command line and keeps what it said.
#pragma once

#include <string>

namespace burin::test {

struct CommandResult {
  int exit_code = -1;  // 128 + signal if it died by one
  std::string out, err;
  double seconds = 0;
};

// Runs the `burin` program that was built beside the tests; `arguments` are shell words.
CommandResult run_burin(const std::string& arguments);

}  // namespace burin::test
