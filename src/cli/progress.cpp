// The line and the signal.
#include "cli/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

namespace burin::cli {

namespace {

volatile std::sig_atomic_t interrupt_flag = 0;
volatile std::sig_atomic_t interrupt_second = 0;  // of the monotonic clock, when it was set

// One Ctrl-C may come twice: from the terminal to the whole group, and from whoever started this
// process. A second later it is another one.
void on_interrupt(int signal) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  auto second = static_cast<std::sig_atomic_t>(now.tv_sec);
  if (interrupt_flag == 0) {
    interrupt_second = second;
    interrupt_flag = 1;
  } else if (second - interrupt_second > 1) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

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
  for (int signal : {SIGINT, SIGTERM}) std::signal(signal, on_interrupt);
}

bool was_interrupted() { return interrupt_flag != 0; }

}  // namespace burin::cli
