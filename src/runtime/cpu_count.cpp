// sched_getaffinity and cgroup v2 (or v1) quotas.
#include "runtime/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

namespace burin::runtime {

namespace {

int affinity_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

int quota_cpus() {
  if (int quota = cgroup_quota(first_line("/sys/fs/cgroup/cpu.max"))) return quota;
  std::string v1 = first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") + " " +
                   first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  return cgroup_quota(v1);
}

}  // namespace

int cgroup_quota(std::string_view cpu_max) {
  long long quota = 0, period = 0;
  if (std::sscanf(std::string(cpu_max).c_str(), "%lld %lld", &quota, &period) != 2) return 0;
  if (quota <= 0 || period <= 0) return 0;
  return static_cast<int>(std::min<long long>((quota + period - 1) / period, 1 << 16));
}

int usable_cpus() {
  int cpus = affinity_cpus();
  int quota = quota_cpus();
  return quota > 0 ? std::min(cpus, quota) : cpus;
}

}  // namespace burin::runtime
