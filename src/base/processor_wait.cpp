// The second figure of /proc/self/task/*/schedstat, in nanoseconds.
#include "base/processor_wait.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace burin {

std::optional<double> processor_wait_seconds() {
  std::error_code failed;
  std::filesystem::directory_iterator tasks("/proc/self/task", failed);
  std::optional<double> waited;
  for (auto end = std::filesystem::directory_iterator(); !failed && tasks != end;
       tasks.increment(failed)) {
    std::ifstream file(tasks->path() / "schedstat");
    double ran = 0, nanoseconds = 0;
    if (file >> ran >> nanoseconds) waited = waited.value_or(0) + nanoseconds * 1e-9;
  }
  return waited;
}

}  // namespace burin
