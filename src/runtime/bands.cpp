// From each step on, the longest band for each number of slices; the one that saves most, and of
// about as good ones the one of the smallest slices.
#include "runtime/bands.h"

#include <algorithm>
#include <optional>

namespace burin::runtime {

namespace {

constexpr int64_t kMostBehind = 4;  // a member may be a quarter of the slices behind the first
constexpr int64_t kLeastSlices = 2;
constexpr double kBetter = 1.25;   // times as much saved is worth larger slices
constexpr int64_t kSmallPart = 4;  // of what members must have in common: small steps touch less

// A step's buffers, cut into slices.
struct Cut {
  struct Buffer {
    const BufferReach* reach = nullptr;
    ByteRange all;
    int64_t bytes = 0;              // of all slices together
    std::vector<ByteRange> slices;  // share by share
  };
  std::vector<Buffer> buffers;
  int64_t bytes = 0;
  int64_t again = 0;  // of `bytes`, what another slice touches too
};

Cut cut(const StepReach& step, int64_t shares, int64_t slices) {
  Cut result;
  std::vector<Stage> stages;
  for (int64_t s = 0; s < slices; ++s) {
    stages.push_back(make_stage(0, step.tiles, shares, s, slices));
  }
  for (const BufferReach& reach : step.buffers) {
    Cut::Buffer buffer{&reach, {}, 0, {}};
    for (size_t share = 0; share < static_cast<size_t>(shares); ++share) {
      for (const Stage& stage : stages) {
        buffer.slices.push_back(reach.of(stage.shares[share], step.tiles));
        buffer.all.cover(buffer.slices.back());
        buffer.bytes += buffer.slices.back().size();
      }
    }
    result.bytes += buffer.bytes;
    result.again += std::max<int64_t>(buffer.bytes - buffer.all.size(), 0);
    result.buffers.push_back(std::move(buffer));
  }
  return result;
}

// How many slices `second` must stay behind `first`, so that no slice of it comes before one of
// `first` that it depends on; nothing if they have nothing to do with each other.
std::optional<int64_t> lag_behind(const Cut& first, const Cut& second, int64_t slices) {
  std::optional<int64_t> lag;
  for (const Cut::Buffer& a : first.buffers) {
    for (const Cut::Buffer& b : second.buffers) {
      if (!conflict(*a.reach, a.all, *b.reach, b.all)) continue;
      for (size_t i = 0; i < a.slices.size(); ++i) {
        if (!a.slices[i].overlaps(b.all)) continue;
        for (size_t j = 0; j < b.slices.size(); ++j) {
          if (!a.slices[i].overlaps(b.slices[j])) continue;
          auto n = static_cast<size_t>(slices);
          int64_t behind = static_cast<int64_t>(i % n) - static_cast<int64_t>(j % n);
          lag = std::max(lag.value_or(behind), behind);
        }
      }
    }
  }
  return lag;
}

// The largest piece of memory that both touch.
int64_t common_bytes(const Cut& first, const Cut& second) {
  int64_t most = 0;
  for (const Cut::Buffer& a : first.buffers) {
    for (const Cut::Buffer& b : second.buffers) {
      if (!a.reach->same_memory(*b.reach)) continue;
      most = std::max(most, std::min(a.all.end, b.all.end) - std::max(a.all.begin, b.all.begin));
    }
  }
  return most;
}

// Grows a band step by step.
class Grower {
 public:
  Grower(std::span<const StepReach> steps, int64_t shares, int64_t slices, const BandLimits& limits)
      : steps_(steps), shares_(shares), limits_(limits) {
    band_.slices = slices;
  }

  // The band that begins with a step, if that has two members.
  std::optional<Band> grow(size_t first) {
    band_.begin = first;
    for (size_t s = first; s < steps_.size() && take(s); ++s) {
    }
    if (band_.members.size() < 2) return std::nullopt;
    // What came after the last member stays out of the band.
    std::erase_if(band_.before, [&](size_t s) { return s >= band_.end; });
    std::erase_if(band_.after, [&](size_t s) { return s >= band_.end; });
    return std::move(band_);
  }

  int64_t gain() const { return gain_; }

 private:
  // Whether the band may go on behind the step.
  bool take(size_t s) {
    if (!steps_[s].known) return false;
    Cut step = cut(steps_[s], shares_, band_.slices);
    bool follows_after = depends(step, after_);
    if (!follows_after && join(s, step)) return true;
    bool is_small = step.bytes - step.again < limits_.least_common / kSmallPart;
    if (!is_small || members_.empty()) return false;
    bool comes_after = follows_after || depends(step, members_);
    (comes_after ? band_.after : band_.before).push_back(s);
    if (comes_after) after_.push_back(std::move(step));
    return true;
  }

  bool depends(const Cut& step, const std::vector<Cut>& on) const {
    return std::any_of(on.begin(), on.end(), [&](const Cut& other) {
      return lag_behind(other, step, band_.slices).has_value();
    });
  }

  bool join(size_t s, Cut& step) {
    int64_t lag = 0, common = 0;
    for (size_t m = 0; m < members_.size(); ++m) {
      int64_t behind = lag_behind(members_[m], step, band_.slices).value_or(-band_.slices);
      lag = std::max(lag, band_.members[m].lag + behind);
      common = std::max(common, common_bytes(members_[m], step));
    }
    if (members_.empty()) common = step.bytes - step.again;
    int64_t at_hand = (fresh_bytes(step) / (band_.slices * shares_)) * (1 + lag);
    bool fits = lag <= band_.slices / kMostBehind && at_hand_ + at_hand <= limits_.most_at_hand;
    if (!fits || common < limits_.least_common || step.again > common) return false;
    if (!members_.empty()) gain_ += common - step.again;
    at_hand_ += at_hand;
    band_.members.push_back({s, lag});
    band_.end = s + 1;
    members_.push_back(std::move(step));
    return true;
  }

  // What no member touches.
  int64_t fresh_bytes(const Cut& step) const {
    int64_t bytes = 0;
    for (const Cut::Buffer& own : step.buffers) {
      int64_t known = 0;
      for (const Cut& member : members_) {
        for (const Cut::Buffer& b : member.buffers) {
          if (own.reach->same_memory(*b.reach) && own.all.overlaps(b.all)) {
            known = std::max(known, b.bytes);
          }
        }
      }
      bytes += std::max<int64_t>(own.bytes - known, 0);
    }
    return bytes;
  }

  std::span<const StepReach> steps_;
  int64_t shares_;
  const BandLimits& limits_;
  Band band_;
  std::vector<Cut> members_, after_;
  int64_t at_hand_ = 0;  // bytes of the members' slices
  int64_t gain_ = 0;     // bytes that are found in a cache
};

}  // namespace

int64_t Band::turns() const {
  int64_t last = 0;
  for (const Member& m : members) last = std::max(last, m.lag);
  return slices + last;
}

std::vector<Band> plan_bands(std::span<const StepReach> steps, int64_t shares,
                             const BandLimits& limits) {
  std::vector<Band> bands;
  for (size_t s = 0; s < steps.size(); ++s) {
    std::optional<Band> best;
    double least = 0;
    for (int64_t slices = kStepParts / shares; slices >= kLeastSlices; slices /= 2) {
      Grower grower(steps, shares, slices, limits);
      std::optional<Band> band = grower.grow(s);
      auto gain = static_cast<double>(grower.gain());
      if (!band || gain <= least) continue;
      best = std::move(band), least = kBetter * gain;
    }
    if (!best) continue;
    s = best->end - 1;
    bands.push_back(*std::move(best));
  }
  return bands;
}

}  // namespace burin::runtime
