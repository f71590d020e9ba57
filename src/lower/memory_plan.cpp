// Lifetimes, in-place merging, placement.
#include "lower/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/checked.h"

namespace burin::lower {

namespace {

// When something is alive (kernel indices): all the time from its first kernel to its last one, and
// while kernels of other strands run in a list of interleaved ones.
struct Life {
  static constexpr size_t kNoList = ~size_t{0};
  size_t first = ~size_t{0}, last = 0;
  size_t list = kNoList;  // of whose kernels one strand alone touches it
  int64_t strand = 0;

  bool meets(const Life& other) const {
    bool beside = list != kNoList && list == other.list && strand != other.strand;
    return beside || (last >= other.first && first <= other.last);
  }
};

// Buffers that share memory by working in place.
struct Block {
  std::vector<BufferId> buffers;
  int64_t bytes = 0;
  Life life = {};
};

struct Placed {
  Life life;
  int64_t begin, end;

  int64_t bytes() const { return end - begin; }
};

// A line that another core touched last takes several times as long to write. With two threads,
// the first works on the first halves of buffers: a block should begin and end so that its halves
// lie where earlier blocks had the same half.
constexpr int64_t kWorthwhileBytes = 16 << 10;
constexpr int64_t kSamples = 16;  // points of a block where owners are compared
constexpr size_t kMostDead = 64, kMostCandidates = 12;  // blocks looked at; their middles compared
constexpr double kMostGrowth = 1.25;                    // of the arena, for this
constexpr double kMostGrowthForLanes = 1.5;
constexpr int64_t kMostForLanes = 4 << 20;  // bytes: what is larger leaves the caches anyway

class Planner {
 public:
  explicit Planner(const Lowered& lowered) : lowered_(lowered) {}

  MemoryPlan plan(std::span<const Interleaved> interleaved) {
    measure_lives();
    merge_in_place();
    stretch_lives(interleaved);
    Placement best = place(Policy::lowest);
    auto lowest = static_cast<double>(best.plan.arena_bytes);
    improve(best, Policy::middle, static_cast<int64_t>(kMostGrowth * lowest));
    improve(best, Policy::lanes,
            std::min(static_cast<int64_t>(kMostGrowthForLanes * lowest),
                     best.plan.arena_bytes + kMostForLanes));
    place_scratch(best.plan);
    return std::move(best.plan);
  }

 private:
  // Where a block goes: to the lowest offset at which it fits; to that, or into the middle of one
  // that died lately; or into the middle of a lane, a range that holds one block at a time.
  enum class Policy { lowest, middle, lanes };

  struct Lane {
    int64_t middle = 0;
    std::vector<const Block*> blocks;
  };

  struct Placement {
    MemoryPlan plan;
    std::vector<Placed> placed;  // by begin
    std::vector<Lane> lanes;
    double foreign_bytes = 0;  // written where the other thread was before
  };

  // Takes the other policy's placement if it fits and has less to fetch.
  void improve(Placement& best, Policy policy, int64_t most_bytes) const {
    Placement other = place(policy);
    bool fits = other.plan.arena_bytes <= most_bytes;
    if (fits && other.foreign_bytes < best.foreign_bytes) best = std::move(other);
  }

  bool is_temporary(BufferId id) const {
    return lowered_.buffers[id].kind == Buffer::Kind::temporary;
  }

  void measure_lives() {
    blocks_.resize(lowered_.buffers.size());
    block_of_.resize(lowered_.buffers.size());
    for (size_t i = 0; i < blocks_.size(); ++i) {
      blocks_[i].buffers = {BufferId(i)};
      blocks_[i].bytes = round_up(lowered_.buffers[BufferId(i)].bytes, kBufferAlignment);
      block_of_[BufferId(i)] = i;
    }
    for (size_t k = 0; k < lowered_.kernels.size(); ++k) {
      for (const BufferUse& use : lowered_.kernels[k].buffers) {
        Life& life = blocks_[use.buffer.index].life;
        life.first = std::min(life.first, k);
        life.last = std::max(life.last, k);
      }
    }
  }

  // A written buffer that is born here takes the memory of a read one that dies here.
  void merge_in_place() {
    for (size_t k = 0; k < lowered_.kernels.size(); ++k) {
      const Kernel& kernel = lowered_.kernels[k];
      for (auto [written, read] : kernel.in_place) {
        const BufferUse& to = kernel.buffers[static_cast<size_t>(written)];
        const BufferUse& from = kernel.buffers[static_cast<size_t>(read)];
        if (!is_temporary(to.buffer) || !is_temporary(from.buffer)) continue;
        size_t target = block_of_[from.buffer], source = block_of_[to.buffer];
        if (target == source || blocks_[target].life.last != k || blocks_[source].life.first != k) {
          continue;
        }
        if (blocks_[source].bytes > blocks_[target].bytes) continue;
        merge(target, source);
        break;
      }
    }
  }

  void merge(size_t target, size_t source) {
    Block& into = blocks_[target];
    Block& from = blocks_[source];
    into.life.last = from.life.last;
    for (BufferId id : from.buffers) block_of_[id] = target;
    into.buffers.insert(into.buffers.end(), from.buffers.begin(), from.buffers.end());
    from = {};
  }

  void stretch_lives(std::span<const Interleaved> interleaved) {
    for (size_t list = 0; list < interleaved.size(); ++list) {
      const Interleaved& kernels = interleaved[list];
      std::vector<Strands> strands = strands_of(kernels);
      for (size_t i = 0; i < blocks_.size(); ++i) {
        Life& life = blocks_[i].life;
        if (life.first >= kernels.end || life.last < kernels.begin) continue;
        bool one = strands[i].touched && !strands[i].several && life.list == Life::kNoList;
        if (one) {
          life.list = list, life.strand = strands[i].strand;
          continue;
        }
        life.first = std::min(life.first, kernels.begin);
        life.last = std::max(life.last, kernels.end - 1);
      }
    }
  }

  // Which strands of a list touch a block.
  struct Strands {
    bool touched = false, several = false;
    int64_t strand = 0;
  };
  std::vector<Strands> strands_of(const Interleaved& kernels) const {
    std::vector<Strands> all(blocks_.size());
    for (size_t i = 0; i < kernels.strands.size(); ++i) {
      for (const BufferUse& use : lowered_.kernels[kernels.begin + i].buffers) {
        Strands& of = all[block_of_[use.buffer]];
        of.several |= of.touched && of.strand != kernels.strands[i];
        of.touched = true, of.strand = kernels.strands[i];
      }
    }
    return all;
  }

  // The lowest offset at which `block` meets no placed block that is alive with it.
  int64_t find_gap(const Block& block, const std::vector<Placed>& placed) const {
    int64_t offset = 0;
    for (const Placed& p : placed) {  // sorted by begin
      if (!p.life.meets(block.life)) continue;
      if (offset + block.bytes <= p.begin) break;
      offset = std::max(offset, p.end);
    }
    return offset;
  }

  static bool is_free(const Block& block, int64_t offset, const std::vector<Placed>& placed) {
    return std::none_of(placed.begin(), placed.end(), [&](const Placed& p) {
      return p.life.meets(block.life) && p.begin < offset + block.bytes && offset < p.end;
    });
  }

  // Kernels from the block's birth back to the placed one's death, around the end of a run.
  size_t age(const Block& block, const Placed& p) const {
    size_t kernels = lowered_.kernels.size();
    return (block.life.first + kernels - p.life.last) % kernels;
  }

  // The blocks that died before this one is born, the last ones first, at most kMostDead.
  std::vector<const Placed*> lately_dead(const Block& block,
                                         const std::vector<Placed>& placed) const {
    std::vector<const Placed*> dead;
    for (const Placed& p : placed) {
      if (!p.life.meets(block.life)) dead.push_back(&p);
    }
    size_t count = std::min(dead.size(), kMostDead);
    std::partial_sort(dead.begin(), dead.begin() + static_cast<ptrdiff_t>(count), dead.end(),
                      [&](auto* a, auto* b) { return age(block, *a) < age(block, *b); });
    dead.resize(count);
    return dead;
  }

  // Of kSamples points of the block at `offset`, those whose last owner had them in its other half.
  static int64_t foreign(const Block& block, int64_t offset,
                         const std::vector<const Placed*>& dead) {
    int64_t count = 0;
    for (int64_t i = 0; i < kSamples; ++i) {
      int64_t at = offset + block.bytes * (2 * i + 1) / (2 * kSamples);
      auto owner = std::find_if(dead.begin(), dead.end(),
                                [&](const Placed* p) { return at >= p->begin && at < p->end; });
      bool second = i >= kSamples / 2;
      if (owner != dead.end() && (at - (*owner)->begin >= (*owner)->bytes() / 2) != second) ++count;
    }
    return count;
  }

  // The offset, at most `most`, with the fewest foreign points: `lowest`, or in the middle of a
  // block that died lately.
  int64_t choose_offset(const Block& block, int64_t lowest, int64_t most,
                        const std::vector<Placed>& placed) const {
    std::vector<const Placed*> dead = lately_dead(block, placed);
    int64_t best = lowest, least = foreign(block, lowest, dead);
    for (size_t i = 0; i < std::min(dead.size(), kMostCandidates) && least > 0; ++i) {
      int64_t middle = (dead[i]->bytes() - block.bytes) / 2 / kBufferAlignment * kBufferAlignment;
      int64_t offset = dead[i]->begin + middle;
      if (offset < 0 || offset > most || !is_free(block, offset, placed)) continue;
      int64_t points = foreign(block, offset, dead);
      if (points < least) best = offset, least = points;
    }
    return best;
  }

  // Large blocks first.
  Placement place(Policy policy) const {
    Placement to;
    to.plan.offsets.resize(lowered_.buffers.size(), -1);
    std::vector<size_t> order(blocks_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return blocks_[a].bytes > blocks_[b].bytes; });
    for (size_t i : order) {
      const Block& block = blocks_[i];
      if (block.buffers.empty() || block.life.first == ~size_t{0}) continue;
      if (!is_temporary(block.buffers[0])) continue;
      int64_t offset = offset_for(block, policy, to);
      for (BufferId id : block.buffers) to.plan.offsets[id] = offset;
      Placed p{block.life, offset, offset + block.bytes};
      auto at =
          std::upper_bound(to.placed.begin(), to.placed.end(), p,
                           [](const Placed& a, const Placed& b) { return a.begin < b.begin; });
      to.placed.insert(at, p);
      to.plan.arena_bytes = std::max(to.plan.arena_bytes, p.end);
    }
    count_foreign(to);
    return to;
  }

  int64_t offset_for(const Block& block, Policy policy, Placement& to) const {
    bool large = block.bytes >= kWorthwhileBytes;
    if (policy == Policy::lanes && large) return offset_in_lane(block, to);
    int64_t lowest = find_gap(block, to.placed);
    if (policy != Policy::middle || !large) return lowest;
    int64_t most = std::max(to.plan.arena_bytes, lowest + block.bytes) - block.bytes;
    return choose_offset(block, lowest, most, to.placed);
  }

  // In the first lane whose blocks are not alive with it, or in a new one as wide as it is.
  static int64_t offset_in_lane(const Block& block, Placement& to) {
    auto is_free = [&](const Lane& lane) {
      return std::none_of(lane.blocks.begin(), lane.blocks.end(),
                          [&](const Block* other) { return other->life.meets(block.life); });
    };
    auto lane = std::find_if(to.lanes.begin(), to.lanes.end(), is_free);
    if (lane == to.lanes.end()) {
      lane = to.lanes.insert(lane, {to.plan.arena_bytes + block.bytes / 2, {}});
    }
    lane->blocks.push_back(&block);
    return (lane->middle - block.bytes / 2) / kBufferAlignment * kBufferAlignment;
  }

  void count_foreign(Placement& in) const {
    for (const Placed& p : in.placed) {
      if (p.bytes() < kWorthwhileBytes) continue;
      Block block{{}, p.bytes(), p.life};
      auto share = static_cast<double>(foreign(block, p.begin, lately_dead(block, in.placed)));
      in.foreign_bytes += share / kSamples * static_cast<double>(p.bytes());
    }
  }

  // Scratch buffers live for one kernel: those of each kernel lie one after the other from 0 on.
  void place_scratch(MemoryPlan& plan) const {
    for (const Kernel& kernel : lowered_.kernels) {
      int64_t at = 0;
      for (const BufferUse& use : kernel.buffers) {
        const Buffer& buffer = lowered_.buffers[use.buffer];
        if (buffer.kind != Buffer::Kind::scratch) continue;
        BURIN_CHECK(plan.offsets[use.buffer] < 0, "scratch memory passed between kernels");
        plan.offsets[use.buffer] = at;
        at += round_up(buffer.bytes, kBufferAlignment);
      }
      plan.scratch_bytes = std::max(plan.scratch_bytes, at);
    }
  }

  const Lowered& lowered_;
  std::vector<Block> blocks_;
  IdVector<BufferId, size_t> block_of_;
};

}  // namespace

MemoryPlan plan_memory(const Lowered& lowered, std::span<const Interleaved> interleaved) {
  return Planner(lowered).plan(interleaved);
}

}  // namespace burin::lower
