// The rows; u is the share of the steps that is done.
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace burin::train {

namespace {

double share(int64_t step, int64_t steps) {
  double u = static_cast<double>(step) / static_cast<double>(std::max<int64_t>(steps, 1));
  return std::min(u, 1.0);
}

// Half a cosine from `from` at u = 0 to `to` at u = 1.
double anneal(double from, double to, double u) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * u)) / 2;
}

double constant(int64_t, int64_t, const ScheduleOptions&) { return 1; }

double staircase(int64_t step, int64_t steps, const ScheduleOptions& o) {
  int64_t every = o.step_every > 0 ? o.step_every : std::max<int64_t>((steps + 2) / 3, 1);
  return std::pow(o.gamma, static_cast<double>(step / every));
}

double cosine(int64_t step, int64_t steps, const ScheduleOptions& o) {
  return anneal(1, o.final_factor, share(step, steps));
}

// Smith and Topin 2017, with PyTorch's defaults: from 1/25 up to 1, down to 1/250,000.
double one_cycle(int64_t step, int64_t steps, const ScheduleOptions& o) {
  double u = share(step, steps);
  if (u < o.rise) return anneal(1.0 / 25, 1, u / o.rise);
  return anneal(1, 1.0 / 250000, (u - o.rise) / (1 - o.rise));
}

constexpr Schedule kSchedules[] = {
    {"constant", "1", constant},
    {"step", "gamma^floor(step / every)", staircase},
    {"cosine", "(1 + cos(pi u)) / 2", cosine},
    {"one_cycle", "half a cosine up for 30 % of the steps, another one down", one_cycle},
};

}  // namespace

std::span<const Schedule> all_schedules() { return kSchedules; }

const Schedule* find_schedule(std::string_view name) {
  auto found = std::ranges::find(kSchedules, name, &Schedule::name);
  return found == std::end(kSchedules) ? nullptr : found;
}

double factor_at(const Schedule& schedule, int64_t step, const ScheduleOptions& options) {
  int64_t warmup = options.warmup_steps;
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup + 1);
  return schedule.factor(step - warmup, options.steps - warmup, options);
}

}  // namespace burin::train
