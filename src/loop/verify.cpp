// The verifier: one walk over the regions that tracks which values are in scope.
#include "loop/verify.h"

#include <bit>
#include <string>

#include "loop/verify_inst.h"

namespace burin::loop {

namespace {

class Verifier {
 public:
  explicit Verifier(const Function& function)
      : f_(function),
        defined_(f_.types.size()),
        visible_(f_.types.size()),
        inst_seen_(f_.insts.size()),
        region_seen_(f_.regions.size()) {}

  std::string run() {
    for (Type type : f_.types) require(valid_type(type), "a type that no register holds");
    for (Value v : f_.pointers) parameter(v, kPointer);
    parameter(f_.tile, kIndex);
    for (const Constant& c : f_.constants) constant(c);
    if (f_.regions.empty()) return "no body";
    if (!error_.empty()) return error_;
    require(f_.regions[0].params.empty() && f_.regions[0].yields.empty(),
            "the body has parameters or yields");
    region(0, 0);
    for (bool seen : inst_seen_) require(seen, "an instruction outside of all regions");
    for (bool seen : region_seen_) require(seen, "a region that nothing runs");
    for (bool defined : defined_) require(defined, "a value that nothing defines");
    return error_;
  }

 private:
  static bool valid_type(Type type) {
    if (!std::has_single_bit(type.lanes) || type.lanes > 64) return false;
    if (type.elem == Elem::ptr) return type.lanes == 1;
    return is_mask(type.elem) || type.bits() <= 512;
  }

  void require(bool condition, const char* reason) {
    if (!condition && error_.empty()) error_ = reason;
  }

  // Marks a value as defined and in scope.
  void define(Value v) {
    if (v.index >= f_.types.size()) return require(false, "a value out of range");
    require(!defined_[v.index], "a value defined twice");
    defined_[v.index] = visible_[v.index] = true;
  }

  void parameter(Value v, Type type) {
    define(v);
    require(error_.empty() && f_.type(v) == type, "a parameter of the wrong type");
  }

  void constant(const Constant& c) {
    define(c.value);
    if (!error_.empty()) return;
    Type type = f_.type(c.value);
    require(type.elem != Elem::ptr, "a constant pointer");
    require(!is_mask(type.elem) || c.bits <= 1, "a constant mask that is neither 0 nor 1");
  }

  void use(Value v) {
    if (v.index >= f_.types.size()) return require(false, "an operand out of range");
    require(visible_[v.index], "an operand that is not in scope");
  }

  void region(RegionId id, int depth) {
    if (id >= f_.regions.size()) return require(false, "a region out of range");
    if (region_seen_[id]) return require(false, "a region with two owners");
    if (depth > kMaxRegionDepth) return require(false, "regions nested too deep");
    region_seen_[id] = true;
    const Region& region = f_.regions[id];
    std::vector<Value> scope;
    for (Value v : region.params) define(v), scope.push_back(v);
    for (InstId inst : region.insts) {
      if (!error_.empty()) return;
      instruction(inst, depth, scope);
    }
    for (Value v : region.yields) use(v);
    for (Value v : scope) {
      if (v.index < visible_.size()) visible_[v.index] = false;
    }
  }

  void instruction(InstId id, int depth, std::vector<Value>& scope) {
    if (id >= f_.insts.size()) return require(false, "an instruction out of range");
    if (inst_seen_[id]) return require(false, "an instruction in two places");
    inst_seen_[id] = true;
    const Inst& inst = f_.insts[id];
    bool in_pool = uint64_t{inst.operands} + inst.operand_count <= f_.operand_pool.size();
    if (!in_pool) return require(false, "operands out of range");
    std::span<const Value> operands = f_.operands(inst);
    for (size_t i = 0; i < operands.size(); ++i) {
      if (operands[i].valid() || !may_be_absent(inst.op, i)) use(operands[i]);
    }
    uint64_t end = inst.result_count ? uint64_t{inst.result} + inst.result_count : 0;
    require(end <= f_.types.size(), "results out of range");
    require(inst.body == kNoRegion || inst.body < f_.regions.size(), "a region out of range");
    if (error_.empty()) error_ = verify_inst(f_, inst);
    if (!error_.empty()) return locate(id);
    if (inst.body != kNoRegion) region(inst.body, depth + 1);
    if (inst.other != kNoRegion) region(inst.other, depth + 1);
    for (uint32_t k = 0; k < inst.result_count; ++k) {
      define({inst.result + k});
      scope.push_back({inst.result + k});
    }
    if (!error_.empty() && error_.find("instruction ") == std::string::npos) locate(id);
  }

  void locate(InstId id) {
    error_ = "instruction " + std::to_string(id) + " (" + std::string(name_of(f_.insts[id].op)) +
             "): " + error_;
  }

  const Function& f_;
  std::vector<bool> defined_, visible_, inst_seen_, region_seen_;
  std::string error_;
};

}  // namespace

std::expected<void, Diagnostic> verify(const Function& function) {
  std::string error = Verifier(function).run();
  if (!error.empty()) return fail("kernel " + function.name, error);
  return {};
}

}  // namespace burin::loop
