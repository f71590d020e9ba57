// Two walks: forwards for definitions, order and memory epochs; backwards for uses and folding.
#include "isa/x86/analysis.h"

#include <algorithm>

#include "base/check.h"
#include "isa/x86/folding.h"
#include "isa/x86/splats.h"

namespace burin::isa::x86 {

namespace {

using loop::Function;
using loop::Inst;
using loop::InstId;
using loop::Op;
using loop::Region;
using loop::RegionId;
using loop::Value;

bool is_plain_load(const Inst& inst) { return inst.op == Op::load || inst.op == Op::load_splat; }

bool has_effect(Op op) {
  return loop::is_store(op) || op == Op::prefetch || op == Op::loop || op == Op::branch;
}

class Analyser {
 public:
  Analyser(const Function& function, const Target& target, Analysis& facts)
      : f_(function), target_(target), a_(facts) {
    a_.definition.assign(f_.types.size(), Analysis::kNoInst);
    a_.home.assign(f_.types.size(), 0);
    a_.constant.assign(f_.types.size(), Analysis::kNoConstant);
    a_.uses.assign(f_.types.size(), 0);
    a_.last_use.assign(f_.types.size(), 0);
    a_.insts.resize(f_.insts.size());
    a_.order.resize(f_.regions.size());
    a_.owner.assign(f_.regions.size(), Analysis::kNoInst);
    pending_.assign(f_.types.size(), false);
    for (uint32_t i = 0; i < f_.constants.size(); ++i) a_.constant[f_.constants[i].value.index] = i;
  }

  void run() {
    walk_forwards(0);
    repeated_ = choose_repeated_splats(f_, a_, target_);
    walk_backwards(0);
    a_.live_vectors = count_live_vectors();
  }

 private:
  void walk_forwards(RegionId id) {
    const Region& region = f_.regions[id];
    for (Value v : region.params) a_.home[v.index] = id;
    std::vector<InstId> loads;  // seen, not yet placed
    for (InstId inst : region.insts) {
      const Inst& i = f_.insts[inst];
      a_.insts[inst].region = id;
      for (uint32_t k = 0; k < i.result_count; ++k) {
        a_.definition[i.result + k] = inst;
        a_.home[i.result + k] = id;
      }
      for (Value v : f_.operands(i)) {
        if (v.valid()) ++a_.uses[v.index];
      }
      if (is_plain_load(i)) {
        loads.push_back(inst);
        pending_[i.result] = true;
        continue;
      }
      if (has_effect(i.op)) {
        flush(id, loads);
      } else {
        place_operands(id, i);
      }
      place(id, inst);
    }
    flush(id, loads);
    ++position_;
    for (Value v : region.yields) ++a_.uses[v.index];
  }

  void place(RegionId id, InstId inst) {
    const Inst& i = f_.insts[inst];
    a_.order[id].push_back(inst);
    InstFacts& facts = a_.insts[inst];
    facts.position = ++position_;
    if (loop::is_store(i.op) || i.body != loop::kNoRegion) ++epoch_;
    facts.epoch = epoch_;
    for (RegionId nested : {i.body, i.other}) {
      if (nested == loop::kNoRegion) continue;
      a_.owner[nested] = inst;
      walk_forwards(nested);
      ++epoch_;
    }
    facts.end = position_;
  }

  void place_operands(RegionId id, const Inst& inst) {
    for (Value v : f_.operands(inst)) {
      if (!v.valid() || !pending_[v.index]) continue;
      place_load(id, a_.definition[v.index]);
    }
  }

  void place_load(RegionId id, InstId inst) {
    pending_[f_.insts[inst].result] = false;
    place_operands(id, f_.insts[inst]);
    place(id, inst);
  }

  void flush(RegionId id, std::vector<InstId>& loads) {
    for (InstId inst : loads) {
      if (pending_[f_.insts[inst].result]) place_load(id, inst);
    }
    loads.clear();
  }

  void walk_backwards(RegionId id) {
    const std::vector<InstId>& order = a_.order[id];
    for (size_t i = order.size(); i-- > 0;) {
      const Inst& inst = f_.insts[order[i]];
      InstFacts& facts = a_.insts[order[i]];
      if (inst.op == Op::loop) {
        read_loop(inst, facts);
      } else if (inst.op == Op::branch) {
        if (inst.other != loop::kNoRegion) walk_backwards(inst.other);
        walk_backwards(inst.body);
        read_operand(inst, facts, 0);
      } else if (!facts.skip) {
        facts.skip = !has_effect(inst.op) && a_.last_use[inst.result] == 0;
        if (!facts.skip) read_operands(inst, facts);
      }
    }
  }

  void read_loop(const Inst& inst, const InstFacts& facts) {
    const Region& body = f_.regions[inst.body];
    std::span<const Value> operands = f_.operands(inst);
    for (Value v : body.yields) read(v, inst.body, facts.end);
    read(body.params[0], inst.body, facts.end);  // the counter itself
    walk_backwards(inst.body);
    read(operands[1], facts.region, facts.end);
    read(operands[0], facts.region, facts.position);
    for (Value v : operands.subspan(2)) read(v, facts.region, facts.position);
  }

  void read_operands(const Inst& inst, InstFacts& facts) {
    std::span<const Value> operands = f_.operands(inst);
    if (is_memory(inst.op)) {
      read_address(inst, facts, facts);
      for (Value v : operands.subspan(2)) read(v, facts.region, facts.position);
      return;
    }
    facts.folded = static_cast<int8_t>(foldable_load(inst, facts));
    for (size_t k = 0; k < operands.size(); ++k) {
      if (static_cast<int>(k) != facts.folded) {
        read_operand(inst, facts, k);
        continue;
      }
      InstId load = a_.definition[operands[k].index];
      a_.insts[load].skip = true;
      read_address(f_.insts[load], a_.insts[load], facts);
    }
  }

  // A fused comparison moves to its only reader: its operands are read there.
  void read_operand(const Inst& inst, const InstFacts& facts, size_t k) {
    Value v = f_.operands(inst)[k];
    InstId id = v.valid() ? a_.definition[v.index] : Analysis::kNoInst;
    bool fuses = id != Analysis::kNoInst && a_.uses[v.index] == 1 &&
                 a_.insts[id].region == facts.region &&
                 can_fuse_comparison(f_, f_.insts[id], inst, k, target_);
    if (!fuses) return read(v, facts.region, facts.position);
    a_.insts[id].skip = true;
    for (Value operand : f_.operands(f_.insts[id])) read(operand, facts.region, facts.position);
  }

  // The operand that `inst` can read from memory in place of a load's result, or -1.
  int foldable_load(const Inst& inst, const InstFacts& facts) const {
    std::span<const Value> operands = f_.operands(inst);
    unsigned allowed = memory_operands(f_, inst, target_);
    int only_reader = -1;
    for (int k = static_cast<int>(operands.size()) - 1; k >= 0; --k) {
      if (!(allowed >> k & 1)) continue;
      InstId id = a_.definition[operands[k].index];
      if (id == Analysis::kNoInst || !is_plain_load(f_.insts[id])) continue;
      if (repeated_[id]) return k;  // by all that read it
      const InstFacts& load = a_.insts[id];
      if (only_reader < 0 && a_.uses[operands[k].index] == 1 && load.region == facts.region &&
          load.epoch == facts.epoch && can_fold_load(f_, f_.insts[id], inst, target_)) {
        only_reader = k;
      }
    }
    return only_reader;
  }

  // Resolves the address of `inst`, whose registers are read where `reader` stands.
  void read_address(const Inst& inst, InstFacts& facts, const InstFacts& reader) {
    facts.address = fold_address(f_, a_, inst, reader.region);
    read(facts.address.base, reader.region, reader.position);
    read(facts.address.index, reader.region, reader.position);
  }

  // A read in a loop of what was defined outside it lasts until the loop ends.
  void read(Value v, RegionId region, uint32_t position) {
    if (!v.valid() || a_.is_constant(v)) return;
    while (region != a_.home[v.index]) {
      InstId owner = a_.owner[region];
      BURIN_CHECK(owner != Analysis::kNoInst, "a value is used where it is not defined");
      if (f_.insts[owner].op == Op::loop) position = a_.insts[owner].end;
      region = a_.insts[owner].region;
    }
    a_.last_use[v.index] = std::max(a_.last_use[v.index], position);
  }

  // Sweeps over the positions where vectors are defined and die.
  int count_live_vectors() const {
    std::vector<int> change(position_ + 2, 0);
    for (uint32_t v = 0; v < f_.types.size(); ++v) {
      if (a_.last_use[v] == 0 || !in_vector_register(f_.types[v])) continue;
      InstId definition = a_.definition[v];
      InstId at = definition == Analysis::kNoInst ? a_.owner[a_.home[v]] : definition;
      if (at == Analysis::kNoInst || (at == definition && a_.insts[at].skip)) continue;
      const InstFacts& facts = a_.insts[at];
      uint32_t start = at == definition ? facts.end : facts.position;
      if (start > a_.last_use[v]) continue;
      ++change[start];
      --change[a_.last_use[v]];
    }
    int live = 0, most = 0;
    for (int c : change) most = std::max(most, live += c);
    return most;
  }

  bool in_vector_register(loop::Type t) const {
    if (t.lanes == 1) return loop::is_real(t.elem);
    return target_.isa == Isa::avx2 || !loop::is_mask(t.elem);
  }

  const Function& f_;
  const Target& target_;
  Analysis& a_;
  std::vector<bool> pending_;   // per value: a load that is not placed yet
  std::vector<bool> repeated_;  // per instruction: a splat that each reader reads from memory
  uint32_t position_ = 0;
  uint32_t epoch_ = 0;
};

}  // namespace

Analysis analyse(const Function& function, const Target& target) {
  Analysis facts;
  Analyser(function, target, facts).run();
  return facts;
}

}  // namespace burin::isa::x86
