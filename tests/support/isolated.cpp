// fork, pipes and poll behind run_isolated.
#include "tests/support/isolated.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>

#include "base/check.h"

namespace burin::test {

namespace {

using Clock = std::chrono::steady_clock;

struct Child {
  size_t index = 0;
  pid_t pid = -1;
  int fd = -1;
  Clock::time_point deadline;
};

void limit_memory([[maybe_unused]] int64_t bytes) {
#ifndef __SANITIZE_ADDRESS__  // its shadow takes terabytes of address space
  rlimit limit{static_cast<rlim_t>(bytes), static_cast<rlim_t>(bytes)};
  setrlimit(RLIMIT_AS, &limit);
#endif
  rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
}

[[noreturn]] void run_child(const IsolatedTask& task, int fd, const Limits& limits) {
  limit_memory(limits.bytes);
  task([fd](const std::string& text) {
    size_t done = 0;
    while (done < text.size()) {
      ssize_t n = write(fd, text.data() + done, text.size() - done);
      if (n <= 0) _exit(2);
      done += static_cast<size_t>(n);
    }
  });
  _exit(0);
}

Child start(size_t index, const IsolatedTask& task, const Limits& limits) {
  int ends[2];
  BURIN_CHECK(pipe(ends) == 0, "no pipe");
  fflush(nullptr);
  pid_t pid = fork();
  BURIN_CHECK(pid >= 0, "no child process");
  if (pid == 0) {
    ::close(ends[0]);
    run_child(task, ends[1], limits);
  }
  ::close(ends[1]);
  auto allowed = std::chrono::duration<double>(limits.seconds);
  return {index, pid, ends[0], Clock::now() + std::chrono::duration_cast<Clock::duration>(allowed)};
}

// Reaps the child, whose pipe is closed or whose time is up.
void finish(const Child& child, bool late, IsolatedResult& result) {
  if (late) kill(child.pid, SIGKILL);
  int status = 0;
  waitpid(child.pid, &status, 0);
  ::close(child.fd);
  if (late) {
    result.end = IsolatedResult::End::timed_out;
    result.detail = "ran out of time";
  } else if (WIFSIGNALED(status)) {
    result.end = IsolatedResult::End::crashed;
    result.detail = fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else if (WEXITSTATUS(status) != 0) {
    result.end = IsolatedResult::End::crashed;
    result.detail = fmt::format("exit code {}", WEXITSTATUS(status));
  }
}

// Reads what is there; false at the end of the pipe.
bool drain(int fd, std::string& into) {
  char buffer[4096];
  ssize_t n = read(fd, buffer, sizeof buffer);
  if (n > 0) into.append(buffer, static_cast<size_t>(n));
  return n > 0;
}

}  // namespace

std::vector<IsolatedResult> run_isolated(size_t count,
                                         const std::function<IsolatedTask(size_t)>& task, int jobs,
                                         const Limits& limits) {
  std::vector<IsolatedResult> results(count);
  std::vector<Child> running;
  size_t next = 0;
  while (next < count || !running.empty()) {
    while (next < count && running.size() < static_cast<size_t>(jobs)) {
      running.push_back(start(next, task(next), limits));
      ++next;
    }
    std::vector<pollfd> polls;
    for (const Child& child : running) polls.push_back({child.fd, POLLIN, 0});
    poll(polls.data(), polls.size(), 100);
    std::vector<Child> left;
    for (size_t i = 0; i < running.size(); ++i) {
      const Child& child = running[i];
      IsolatedResult& result = results[child.index];
      bool ended = polls[i].revents != 0 && !drain(child.fd, result.output);
      bool late = !ended && Clock::now() > child.deadline;
      if (ended || late) {
        finish(child, late, result);
      } else {
        left.push_back(child);
      }
    }
    running = std::move(left);
  }
  return results;
}

}  // namespace burin::test
