// Medians of many runs.
#include "driver/profile.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace burin::driver {

namespace {

constexpr size_t kLeastRuns = 5, kMostRuns = 1000;

double median(std::vector<double>& samples) {
  auto middle = samples.begin() + static_cast<int64_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

// Calls run() for `seconds`, within the limits of how often; returns how often.
size_t repeat(double seconds, const std::function<void()>& run,
              const std::function<void(double)>& progress) {
  auto start = Clock::now();
  size_t runs = 0;
  while (runs < kLeastRuns || (runs < kMostRuns && seconds_since(start) < seconds)) {
    run();
    ++runs;
    double by_runs = static_cast<double>(runs) / kMostRuns,
           by_time = seconds_since(start) / seconds;
    if (progress) progress(std::min(std::max(by_runs, by_time), 1.0));
  }
  return runs;
}

}  // namespace

double Profile::kernel_seconds() const {
  double sum = 0;
  for (const KernelTime& k : kernels) sum += k.seconds;
  return sum;
}

double Profile::roof_seconds() const {
  double sum = 0;
  for (const KernelTime& k : kernels) sum += k.roof.seconds();
  return sum;
}

Profile measure_profile(runtime::Session& session, std::span<const void* const> inputs,
                        std::span<void* const> outputs, const loop::Machine& machine,
                        const Limits& limits, double seconds,
                        const std::function<void(double)>& progress) {
  auto part = [&](double from, double share) -> std::function<void(double)> {
    if (!progress) return {};
    return [&progress, from, share](double done) { progress(from + share * done); };
  };
  Profile profile;
  profile.limits = limits;
  repeat(
      seconds * 0.1, [&] { session.run(inputs, outputs); }, part(0, 0.1));
  const runtime::Program& program = session.program();
  std::vector<double> whole;
  std::vector<std::vector<double>> samples(program.steps.size());
  auto both = [&] {
    auto start = Clock::now();
    session.run(inputs, outputs);
    whole.push_back(seconds_since(start));
    std::vector<double> times(samples.size(), 0.0);
    session.run_timed(inputs, outputs, times);
    for (size_t i = 0; i < times.size(); ++i) samples[i].push_back(times[i]);
  };
  profile.runs = repeat(seconds * 0.9, both, part(0.1, 0.9));
  profile.run = median(whole);
  for (size_t i = 0; i < samples.size(); ++i) {
    profile.kernels.push_back(
        {median(samples[i]), roof_of(program.steps[i], program, machine, limits)});
  }
  return profile;
}

}  // namespace burin::driver
