// Runs functions in child processes, so that a crash, a hang or a memory hunger is an outcome and
// not the end.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace burin::test {

struct Limits {
  double seconds = 20;
  int64_t bytes = int64_t{4} << 30;  // of address space; not kept under sanitizers
};

struct IsolatedResult {
  enum class End { returned, crashed, timed_out };
  End end = End::returned;
  std::string output;  // what the task said, also before it died
  std::string detail;  // "signal 11 (Segmentation fault)"
};

// A task tells its result piece by piece through `say`.
using IsolatedTask = std::function<void(const std::function<void(const std::string&)>& say)>;

// Runs task(0) ... task(count - 1), up to `jobs` at a time; results in order. `task` makes the task
// in the parent and it runs in the child.
std::vector<IsolatedResult> run_isolated(size_t count,
                                         const std::function<IsolatedTask(size_t)>& task, int jobs,
                                         const Limits& limits);

}  // namespace burin::test
