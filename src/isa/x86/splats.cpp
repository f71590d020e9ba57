// A count of loads and fmas per region says how many splats may be read again.
#include "isa/x86/splats.h"

#include <algorithm>
#include <map>

#include "isa/x86/folding.h"

namespace burin::isa::x86 {

namespace {

using loop::Inst;
using loop::InstId;
using loop::Op;
using loop::Value;

constexpr double kLoadsPerFma = 0.9;  // at most: both have two ports
constexpr uint32_t kMostReaders = 3;  // of a splat: with more, a register saves too many loads

class SplatChoice {
 public:
  SplatChoice(const loop::Function& f, const Analysis& a, const Target& target)
      : f_(f), a_(a), target_(target), chosen_(f.insts.size()), folds_(f.insts.size()) {}

  std::vector<bool> run() {
    for (loop::RegionId region = 0; region < f_.regions.size(); ++region) choose(region);
    return std::move(chosen_);
  }

 private:
  void choose(loop::RegionId region) {
    int fmas = 0, loads = 0;
    for (InstId id : a_.order[region]) {
      const Inst& inst = f_.insts[id];
      if (inst.op == Op::load || inst.op == Op::load_splat) ++loads;
      if (inst.op != Op::fma || f_.type({inst.result}).bits() < 512) continue;
      ++fmas;
      count_readers(id);
    }
    double room = kLoadsPerFma * fmas - loads;
    if (room >= 1) spread(region, room);
    readers_.clear();
  }

  void count_readers(InstId fma) {
    for (Value v : f_.operands(f_.insts[fma])) {
      if (InstId load = splat(fma, v); load != Analysis::kNoInst) readers_[load].push_back(fma);
    }
  }

  // What defines the value, if `fma` could read it from memory.
  InstId splat(InstId fma, Value v) const {
    InstId id = a_.definition[v.index];
    if (id == Analysis::kNoInst || f_.insts[id].op != Op::load_splat) return Analysis::kNoInst;
    bool near = a_.insts[id].region == a_.insts[fma].region &&
                a_.insts[id].epoch == a_.insts[fma].epoch &&
                can_fold_load(f_, f_.insts[id], f_.insts[fma], target_);
    return near ? id : Analysis::kNoInst;
  }

  // Takes candidates at even distances until the room for loads is used up.
  void spread(loop::RegionId region, double room) {
    double wanted = 0, share = 0;
    for (const auto& [load, readers] : readers_) {
      if (is_candidate(region, load)) wanted += static_cast<double>(readers.size() - 1);
    }
    if (wanted > 0) share = std::min(room / wanted, 1.0);
    double credit = 0.5;
    for (InstId load : a_.order[region]) {
      if (!readers_.contains(load) || !is_candidate(region, load)) continue;
      auto further = static_cast<double>(readers_[load].size() - 1);
      credit += share * further;
      if (credit < further || room < further) continue;
      credit -= further;
      room -= further;
      chosen_[load] = true;
      for (InstId fma : readers_[load]) folds_[fma] = true;
    }
  }

  // Read by few fmas and nothing else, each of which has no other operand to read from memory; at
  // an address without an index, which would be an instruction of its own to the front end.
  bool is_candidate(loop::RegionId region, InstId load) const {
    const std::vector<InstId>& readers = readers_.at(load);
    uint32_t uses = a_.uses[f_.insts[load].result];
    if (uses < 2 || uses > kMostReaders || uses != readers.size()) return false;
    for (size_t i = 0; i < readers.size(); ++i) {
      bool twice = i > 0 && readers[i] == readers[i - 1];  // one can be in memory only
      if (folds_[readers[i]] || twice) return false;
    }
    return !fold_address(f_, a_, f_.insts[load], region).index.valid();
  }

  const loop::Function& f_;
  const Analysis& a_;
  const Target& target_;
  std::vector<bool> chosen_;
  std::vector<bool> folds_;                        // fmas that read a chosen splat
  std::map<InstId, std::vector<InstId>> readers_;  // of the splats of the region
};

}  // namespace

std::vector<bool> choose_repeated_splats(const loop::Function& f, const Analysis& a,
                                         const Target& target) {
  if (!target.shared_front_end) return std::vector<bool>(f.insts.size());
  return SplatChoice(f, a, target).run();
}

}  // namespace burin::isa::x86
