// Ranges of bytes, compared.
#include "runtime/run_ahead.h"

#include <algorithm>

namespace burin::runtime {

namespace {

// A memory of its own; constants are never written, scratch memory never shared.
struct Space {
  Place::Kind kind = Place::Kind::arena;
  uint32_t index = 0;
  friend bool operator==(const Space&, const Space&) = default;
};

// What a share's tiles of a step touch, buffer by buffer.
struct Access {
  Space space;
  bool writes = false;
  ByteRange bytes;
};

bool conflict(const std::vector<Access>& some, const std::vector<Access>& others) {
  for (const Access& a : some) {
    for (const Access& b : others) {
      if ((a.writes || b.writes) && a.space == b.space && a.bytes.overlaps(b.bytes)) return true;
    }
  }
  return false;
}

class Planner {
 public:
  Planner(const Program& program, int64_t shares)
      : steps_(program.steps), shares_(shares), foreign_(steps_.size()) {}

  std::vector<Stage> plan() {
    std::vector<Stage> stages;
    for (size_t s = 0; s < steps_.size(); ++s) {
      stages.push_back({steps_[s].tiles, {}});
      if (shares_ == 1 || !is_known(s)) continue;
      for (int64_t share = 0; share < shares_; ++share) {
        foreign_[s].push_back(accesses_of_others(steps_[s], share));
      }
      for (int64_t share = 0; share < shares_; ++share) {
        stages[s].early.push_back(early_tiles(s, share));
      }
    }
    return stages;
  }

 private:
  bool is_known(size_t s) const { return s < steps_.size() && !steps_[s].touches.empty(); }

  int64_t part_begin(const Step& step, int64_t part) const {
    return share_begin(step.tiles, part, kStepParts);
  }

  // What the tiles of parts [first, end) touch.
  static std::vector<Access> accesses(const Step& step, int64_t first, int64_t end) {
    std::vector<Access> all;
    for (size_t b = 0; b < step.buffers.size(); ++b) {
      const Place& place = step.buffers[b];
      if (place.kind == Place::Kind::scratch || place.kind == Place::Kind::constant) continue;
      ByteRange bytes;
      for (int64_t p = first; p < end; ++p) {
        bytes.cover(step.touches[b].parts[static_cast<size_t>(p)]);
      }
      if (bytes.empty()) continue;
      bytes.begin += place.offset, bytes.end += place.offset;
      all.push_back({{place.kind, place.index}, step.touches[b].writes, bytes});
    }
    return all;
  }

  std::vector<Access> accesses_of_others(const Step& step, int64_t share) const {
    int64_t begin = share_begin(step.tiles, share, shares_);
    int64_t end = share_begin(step.tiles, share + 1, shares_);
    int64_t before = 0, behind = 0;  // parts with tiles in front of the share; the first without
    while (before < kStepParts && part_begin(step, before) < begin) ++before;
    while (behind < kStepParts && part_begin(step, behind + 1) <= end) ++behind;
    std::vector<Access> all = accesses(step, 0, before);
    std::vector<Access> rest = accesses(step, behind, kStepParts);
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  }

  // How many steps others may lag behind a part of the share's tiles.
  int64_t lag_of(size_t s, int64_t share, int64_t part) const {
    std::vector<Access> own = accesses(steps_[s], part, part + 1);
    for (int64_t back = 1; back <= kMostLag && static_cast<size_t>(back) <= s; ++back) {
      size_t before = s - static_cast<size_t>(back);
      if (!is_known(before)) return back - 1;
      if (conflict(own, foreign_[before][static_cast<size_t>(share)])) return back - 1;
    }
    return kMostLag;
  }

  // The longest run of parts that others may lag behind.
  EarlyTiles early_tiles(size_t s, int64_t share) const {
    const Step& step = steps_[s];
    int64_t begin = share_begin(step.tiles, share, shares_);
    int64_t end = share_begin(step.tiles, share + 1, shares_);
    EarlyTiles best, run;
    for (int64_t part = 0; part < kStepParts; ++part) {
      int64_t first = part_begin(step, part), last = part_begin(step, part + 1);
      if (first == last || first < begin || last > end) continue;
      int64_t lag = lag_of(s, share, part);
      bool goes_on = run.count > 0 && run.first + run.count == first - begin;
      if (lag == 0) {
        run = {};
        continue;
      }
      if (!goes_on) run = {first - begin, 0, kMostLag};
      run.count += last - first;
      run.lag = std::min(run.lag, lag);
      if (run.count > best.count) best = run;
    }
    return best;
  }

  const std::vector<Step>& steps_;
  const int64_t shares_;
  std::vector<std::vector<std::vector<Access>>> foreign_;  // by step and share: of the others
};

}  // namespace

std::vector<Stage> plan_stages(const Program& program, int shares) {
  return Planner(program, shares).plan();
}

}  // namespace burin::runtime
