// The line and the signal.
#include "cli/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <csignal>

namespace burin::cli {

namespace {

volatile std::sig_atomic_t interrupt_flag = 0;

}  // namespace

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) != 0) {}

bool ProgressLine::due() const {
  std::chrono::duration<double> gone = std::chrono::steady_clock::now() - last_;
  return !shown_ || gone.count() >= (terminal_ ? 0.1 : 10);
}

void ProgressLine::show(const std::string& text) {
  shown_ = true;
  last_ = std::chrono::steady_clock::now();
  fmt::print(stderr, "{}{}{}", terminal_ ? "\r\x1b[K" : "", text, terminal_ ? "" : "\n");
  std::fflush(stderr);
}

void ProgressLine::clear() const {
  if (terminal_) fmt::print(stderr, "\r\x1b[K");
}

void stop_on_interrupt() {
  for (int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, [](int caught) {
      interrupt_flag = 1;
      std::signal(caught, SIG_DFL);
    });
  }
}

bool was_interrupted() { return interrupt_flag != 0; }

}  // namespace burin::cli
