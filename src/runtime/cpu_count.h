// How many processors this process may really use: affinity mask and cgroup quota, not the socket.
#pragma once

#include <string_view>

namespace burin::runtime {

// At least 1.
int usable_cpus();

// The quota of a cgroup v2 "cpu.max" line ("max 100000", "150000 100000"), rounded up to whole
// processors; 0 if there is none or the text is not one.
int cgroup_quota(std::string_view cpu_max);

}  // namespace burin::runtime
