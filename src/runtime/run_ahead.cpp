// Bands become stages; then ranges of bytes are compared.
#include "runtime/run_ahead.h"

#include <algorithm>

#include "runtime/single_tiles.h"
#include "runtime/step_cost.h"

namespace burin::runtime {

namespace {

class Planner {
 public:
  Planner(const Program& program, int64_t shares) : shares_(shares) {
    std::vector<double> seconds;
    for (const Step& step : program.steps) {
      reaches_.push_back(reach_of(step));
      seconds.push_back(least_seconds(step));
    }
    bands_ = plan_bands(reaches_, shares, program.band_limits);
    if (shares > 1) single_shares_ = place_single_tiles(reaches_, seconds, shares);
  }

  std::vector<Stage> plan() {
    list_stages();
    if (shares_ == 1) return std::move(stages_);
    foreign_.resize(stages_.size());
    for (size_t s = 0; s < stages_.size(); ++s) {
      if (!is_known(s)) continue;
      for (size_t share = 0; share < stages_[s].shares.size(); ++share) {
        foreign_[s].push_back(accesses_of_others(s, share));
      }
      for (size_t share = 0; share < stages_[s].shares.size(); ++share) {
        stages_[s].early.push_back(early_tiles(s, share));
      }
    }
    return std::move(stages_);
  }

 private:
  void list_stages() {
    auto band = bands_.begin();
    for (size_t step = 0; step < reaches_.size(); ++step) {
      if (band == bands_.end() || band->begin != step) {
        add_whole(step);
        continue;
      }
      add_band(*band);
      step = band->end - 1;
      ++band;
    }
  }

  void add_whole(size_t step) {
    int64_t tiles = reaches_[step].tiles;
    bool placed = tiles == 1 && shares_ > 1;
    stages_.push_back(placed ? make_single_stage(step, single_shares_[step], shares_)
                             : make_stage(step, tiles, shares_));
  }

  void add_band(const Band& band) {
    for (size_t step : band.before) add_whole(step);
    for (int64_t turn = 0; turn < band.turns(); ++turn) {
      for (const Band::Member& member : band.members) {
        int64_t slice = turn - member.lag;
        if (slice < 0 || slice >= band.slices) continue;
        int64_t tiles = reaches_[member.step].tiles;
        stages_.push_back(make_stage(member.step, tiles, shares_, slice, band.slices));
      }
    }
    for (size_t step : band.after) add_whole(step);
  }

  const StepReach& reach(size_t stage) const { return reaches_[stages_[stage].step]; }
  bool is_known(size_t stage) const { return reach(stage).known; }

  std::vector<Access> accesses_of_others(size_t s, size_t share) const {
    std::vector<Access> all;
    for (size_t other = 0; other < stages_[s].shares.size(); ++other) {
      if (other == share) continue;
      std::vector<Access> some = accesses_of(reach(s), stages_[s].shares[other]);
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  int64_t most_lag(size_t s) const { return reach(s).tiles == 1 ? kMostLagOfSingle : kMostLag; }

  // How many stages others may lag behind some tiles of the share.
  int64_t lag_of(size_t s, size_t share, const TileRange& range) const {
    std::vector<Access> own = accesses_of(reach(s), range);
    int64_t most = most_lag(s);
    for (int64_t back = 1; back <= most && static_cast<size_t>(back) <= s; ++back) {
      size_t before = s - static_cast<size_t>(back);
      if (!is_known(before)) return back - 1;
      if (conflict(own, foreign_[before][share])) return back - 1;
    }
    return most;
  }

  // The longest run of pieces that others may lag behind. A piece is what the share has of a part
  // whose bytes are known.
  EarlyTiles early_tiles(size_t s, size_t share) const {
    const TileRange& own = stages_[s].shares[share];
    int64_t tiles = reach(s).tiles;
    EarlyTiles best, run;
    for (int64_t part = 0; part < kStepParts; ++part) {
      int64_t first = std::max(share_begin(tiles, part, kStepParts), own.first);
      int64_t end = std::min(share_begin(tiles, part + 1, kStepParts), own.end());
      if (first >= end) continue;
      int64_t lag = lag_of(s, share, {first, end - first});
      bool goes_on = run.count > 0 && run.first + run.count == first - own.first;
      if (lag == 0) {
        run = {};
        continue;
      }
      if (!goes_on) run = {first - own.first, 0, lag};
      run.count += end - first;
      run.lag = std::min(run.lag, lag);
      if (run.count > best.count) best = run;
    }
    return best;
  }

  const int64_t shares_;
  std::vector<StepReach> reaches_;
  std::vector<Band> bands_;
  std::vector<int64_t> single_shares_;  // of steps of one tile
  std::vector<Stage> stages_;
  std::vector<std::vector<std::vector<Access>>> foreign_;  // by stage and share: of the others
};

}  // namespace

std::vector<Stage> plan_stages(const Program& program, int shares) {
  return Planner(program, shares).plan();
}

}  // namespace burin::runtime
