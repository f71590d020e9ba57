// Runs a command line and keeps what it said.
#pragma once

#include <string>

namespace burin::test {

struct CommandResult {
  int exit_code = -1;  // 128 + signal if it died by one
  std::string out, err;
  double seconds = 0;
};

// Runs the `burin` program that was built beside the tests; `arguments` are shell words, and
// `environment` assignments before them. What somebody tuned on this machine changes no test.
CommandResult run_burin(const std::string& arguments,
                        const std::string& environment = "BURIN_TUNE_CACHE=off");

// Any line of shell words.
CommandResult run_command(const std::string& line);

}  // namespace burin::test
