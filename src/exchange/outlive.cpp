// fork, setsid; the parent waits.
#include "exchange/outlive.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace burin::exchange {

bool run_outliving(const std::function<bool()>& work) {
  pid_t child = ::fork();
  if (child < 0) return work();
  if (child == 0) {
    ::setsid();
    ::_exit(work() ? 0 : 1);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace burin::exchange
