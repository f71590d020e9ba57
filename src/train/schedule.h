// Learning rates over time, as plain functions of the step: one row a schedule.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace burin::train {

struct ScheduleOptions {
  int64_t steps = 1;         // of the whole training
  int64_t warmup_steps = 0;  // a line from 0 up to the learning rate, before the schedule begins
  int64_t step_every = 0;    // step: so many steps, then times `gamma`; 0 for a third of them
  double gamma = 0.1;
  double final_factor = 0;  // cosine: where it ends
  double rise = 0.3;        // one_cycle: the share of the steps that rises
};

struct Schedule {
  std::string_view name;
  std::string_view formula;
  // The factor on the learning rate at `step` of `steps`, both without those of the warm-up.
  double (*factor)(int64_t step, int64_t steps, const ScheduleOptions& options);
};

std::span<const Schedule> all_schedules();
// Null if there is none of this name.
const Schedule* find_schedule(std::string_view name);

// The factor at `step`, counted from 0: (step + 1) / (warmup_steps + 1) while warming up.
double factor_at(const Schedule& schedule, int64_t step, const ScheduleOptions& options);

}  // namespace burin::train
