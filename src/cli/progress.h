// For verbs that take long: a line that says how far they are, and an end by Ctrl-C.
#pragma once

#include <chrono>
#include <string>

namespace burin::cli {

// One line on standard error: on a terminal it is written again and again, else now and then.
class ProgressLine {
 public:
  ProgressLine();
  // Whether a new text would be shown now.
  bool due() const;
  void show(const std::string& text);
  // Removes the line from the terminal.
  void clear() const;

 private:
  bool terminal_ = false, shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

// From now on the first Ctrl-C or SIGTERM only sets was_interrupted(); another one, more than a
// second later, ends the process.
void stop_on_interrupt();
bool was_interrupted();

}  // namespace burin::cli
