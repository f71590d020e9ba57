// From what a turn yields back to what it began with, along sums and offsets.
#include "loop/advance.h"

#include <cstddef>

namespace burin::loop {

namespace {

constexpr InstId kNoInst = ~0u;

}  // namespace

Advances::Advances(const Function& function)
    : f_(function),
      inst_of_(function.types.size(), kNoInst),
      region_of_(function.types.size(), 0),
      parent_(function.regions.size(), kNoRegion),
      by_body_(function.regions.size()) {
  for (RegionId region = 0; region < f_.regions.size(); ++region) index_region(region);
  for (const Inst& inst : f_.insts) {
    if (inst.op != Op::loop) continue;
    const Region& body = f_.regions[inst.body];
    for (size_t k = 0; k < body.yields.size(); ++k) {
      by_body_[inst.body].push_back(find(inst.body, body.params[k + 1], body.yields[k]));
    }
  }
}

void Advances::index_region(RegionId region) {
  for (Value v : f_.regions[region].params) region_of_[v.index] = region;
  for (InstId id : f_.regions[region].insts) {
    const Inst& inst = f_.insts[id];
    for (uint32_t r = 0; r < inst.result_count; ++r) region_of_[inst.result + r] = region;
    if (inst.result_count == 1 && inst.op != Op::loop) inst_of_[inst.result] = id;
    if (inst.body != kNoRegion) parent_[inst.body] = region;
    if (inst.other != kNoRegion) parent_[inst.other] = region;
  }
}

bool Advances::stays(Value v, RegionId body) const {
  RegionId region = region_of_[v.index];
  while (region != kNoRegion && region != body) region = parent_[region];
  return region == kNoRegion;
}

Advance Advances::find(RegionId body, Value param, Value yield) const {
  Type type = f_.type(param);
  if (type != kIndex && type != kPointer) return {};
  Advance advance{.known = true};
  while (yield != param) {
    if (inst_of_[yield.index] == kNoInst) return {};
    const Inst& inst = f_.insts[inst_of_[yield.index]];
    std::span<const Value> operands = f_.operands(inst);
    Value other;
    int64_t factor = 1;
    if (inst.op == Op::offset) {
      advance.constant += inst.disp;
      yield = operands[0], other = operands[1], factor = inst.scale;
    } else if (inst.op == Op::add) {
      bool first_stays = stays(operands[0], body);
      yield = operands[first_stays ? 1 : 0], other = operands[first_stays ? 0 : 1];
    } else {
      return {};
    }
    if (!other.valid()) continue;
    if (!stays(other, body)) return {};
    advance.terms.push_back({other, factor});
  }
  return advance;
}

}  // namespace burin::loop
