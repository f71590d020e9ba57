// Bands become stages; then ranges of bytes are compared.
#include "runtime/run_ahead.h"

#include <algorithm>

namespace burin::runtime {

namespace {

// What some tiles of a step touch, buffer by buffer.
struct Access {
  const BufferReach* buffer = nullptr;
  ByteRange bytes;
};

bool conflict(const std::vector<Access>& some, const std::vector<Access>& others) {
  for (const Access& a : some) {
    for (const Access& b : others) {
      if (conflict(*a.buffer, a.bytes, *b.buffer, b.bytes)) return true;
    }
  }
  return false;
}

// Adds what the tiles of a range touch.
void add_accesses(const StepReach& step, const TileRange& range, std::vector<Access>& to) {
  for (const BufferReach& buffer : step.buffers) {
    ByteRange bytes = buffer.of(range, step.tiles);
    if (!bytes.empty() && buffer.kind != Place::Kind::constant) to.push_back({&buffer, bytes});
  }
}

class Planner {
 public:
  Planner(const Program& program, int64_t shares) : shares_(shares) {
    for (const Step& step : program.steps) reaches_.push_back(reach_of(step));
    bands_ = plan_bands(reaches_, shares, program.band_limits);
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
    stages_.push_back(make_stage(step, reaches_[step].tiles, shares_));
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
      if (other != share) add_accesses(reach(s), stages_[s].shares[other], all);
    }
    return all;
  }

  // How many stages others may lag behind some tiles of the share.
  int64_t lag_of(size_t s, size_t share, const TileRange& range) const {
    std::vector<Access> own;
    add_accesses(reach(s), range, own);
    for (int64_t back = 1; back <= kMostLag && static_cast<size_t>(back) <= s; ++back) {
      size_t before = s - static_cast<size_t>(back);
      if (!is_known(before)) return back - 1;
      if (conflict(own, foreign_[before][share])) return back - 1;
    }
    return kMostLag;
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
      if (!goes_on) run = {first - own.first, 0, kMostLag};
      run.count += end - first;
      run.lag = std::min(run.lag, lag);
      if (run.count > best.count) best = run;
    }
    return best;
  }

  const int64_t shares_;
  std::vector<StepReach> reaches_;
  std::vector<Band> bands_;
  std::vector<Stage> stages_;
  std::vector<std::vector<std::vector<Access>>> foreign_;  // by stage and share: of the others
};

}  // namespace

std::vector<Stage> plan_stages(const Program& program, int shares) {
  return Planner(program, shares).plan();
}

}  // namespace burin::runtime
