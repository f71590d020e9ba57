// A clock for each share.
#include "runtime/single_tiles.h"

#include <algorithm>

#include "runtime/step_cost.h"

namespace burin::runtime {

namespace {

constexpr size_t kLooksBack = 64;     // steps: what lies further back is done
constexpr double kAnyStep = 50e-9;    // seconds that a step takes at least
constexpr double kClearly = 500e-9;   // seconds by which another share must be sooner
constexpr double kMostWait = 250e-9;  // seconds for which it may wait until then

class Placer {
 public:
  Placer(std::span<const StepReach> steps, std::span<const double> seconds, int64_t shares)
      : steps_(steps),
        seconds_(seconds),
        clocks_(static_cast<size_t>(shares), 0),
        placed_(steps.size(), 0),
        ends_(steps.size(), 0) {
    for (const StepReach& step : steps) {
      accesses_.push_back(step.tiles == 1 ? accesses_of(step, {0, 1}) : std::vector<Access>());
    }
  }

  std::vector<int64_t> place() {
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i].tiles == 1 && steps_[i].known) {
        place_single(i);
      } else {
        share(i);
      }
    }
    return std::move(placed_);
  }

 private:
  double length(size_t step) const { return std::max(seconds_[step], kAnyStep); }

  // All shares work on the step, when all are there.
  void share(size_t step) {
    double begin = *std::max_element(clocks_.begin(), clocks_.end());
    std::fill(clocks_.begin(), clocks_.end(),
              begin + length(step) / static_cast<double>(clocks_.size()));
  }

  void place_single(size_t step) {
    std::vector<double> begins = clocks_;
    size_t home = 0;
    bool has_home = false;
    for (size_t back = 1; back <= std::min(step, kLooksBack); ++back) {
      size_t before = step - back;
      // All shares are behind others.
      if (steps_[before].tiles != 1 || !steps_[before].known) break;
      if (!conflict(accesses_[step], accesses_[before])) continue;
      auto owner = static_cast<size_t>(placed_[before]);
      if (!has_home) home = owner, has_home = true;
      for (size_t s = 0; s < begins.size(); ++s) {
        begins[s] = std::max(begins[s], ends_[before] + (s == owner ? 0 : kHandOver));
      }
    }
    size_t chosen = home;
    for (size_t s = 0; s < begins.size(); ++s) {
      bool is_sooner = begins[s] + kClearly < begins[home] && begins[s] < begins[chosen];
      // A share that would wait for others could begin a chain of its own until then.
      if (is_sooner && begins[s] - clocks_[s] < kMostWait) chosen = s;
    }
    placed_[step] = static_cast<int64_t>(chosen);
    ends_[step] = clocks_[chosen] = begins[chosen] + length(step);
  }

  std::span<const StepReach> steps_;
  std::span<const double> seconds_;
  std::vector<std::vector<Access>> accesses_;  // of steps of one tile
  std::vector<double> clocks_;                 // when each share is free
  std::vector<int64_t> placed_;
  std::vector<double> ends_;
};

}  // namespace

std::vector<int64_t> place_single_tiles(std::span<const StepReach> steps,
                                        std::span<const double> seconds, int64_t shares) {
  return Placer(steps, seconds, shares).place();
}

}  // namespace burin::runtime
