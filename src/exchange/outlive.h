// Work that must come to its end although this process may be killed at any moment.
#pragma once

#include <functional>

namespace burin::exchange {

// Runs work() in a child process, on the memory as it is now, in a session of its own: what ends
// the processes of a job does not reach it. Returns what work() returns, if this process lives so
// long. Of this process's threads the child has the calling one only; work() must not need others.
bool run_outliving(const std::function<bool()>& work);

}  // namespace burin::exchange
