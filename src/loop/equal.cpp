// Field-by-field comparison; a hash over the instructions as a first filter.
#include "loop/equal.h"

#include <algorithm>

namespace burin::loop {

namespace {

bool same_inst(const Inst& a, const Inst& b) {
  return a.op == b.op && a.scale == b.scale && a.operand_count == b.operand_count &&
         a.operands == b.operands && a.result == b.result && a.result_count == b.result_count &&
         a.disp == b.disp && a.imm == b.imm && a.body == b.body && a.other == b.other;
}

bool same_region(const Region& a, const Region& b) {
  return a.params == b.params && a.insts == b.insts && a.yields == b.yields;
}

}  // namespace

bool same_code(const Function& a, const Function& b) {
  return a.types == b.types && a.pointers == b.pointers && a.tile == b.tile &&
         a.constants == b.constants && a.operand_pool == b.operand_pool &&
         std::equal(a.insts.begin(), a.insts.end(), b.insts.begin(), b.insts.end(), same_inst) &&
         std::equal(a.regions.begin(), a.regions.end(), b.regions.begin(), b.regions.end(),
                    same_region);
}

uint64_t code_hash(const Function& function) {
  uint64_t hash = function.types.size() * 31 + function.regions.size();
  auto mix = [&](uint64_t value) { hash = (hash ^ value) * 0x9e3779b97f4a7c15ull; };
  for (const Inst& inst : function.insts) {
    mix(static_cast<uint64_t>(inst.op) | static_cast<uint64_t>(inst.operand_count) << 8 |
        static_cast<uint64_t>(inst.result) << 24);
    mix(static_cast<uint64_t>(static_cast<uint32_t>(inst.disp)));
    mix(static_cast<uint64_t>(inst.imm));
  }
  for (const Constant& constant : function.constants) mix(constant.bits);
  return hash;
}

}  // namespace burin::loop
