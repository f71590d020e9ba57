// Regions, loops and branches. A loop-carried value has one register for its parameter, the value
// that the body yields and the result; whatever was computed elsewhere is moved there at the end of
// the body.
#include <algorithm>

#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

constexpr uint32_t kLoopAlignment = 32;

}  // namespace

void Emitter::emit_region(loop::RegionId id) {
  for (loop::InstId inst : facts_.order[id]) {
    if (!facts_.insts[inst].skip) emit_inst(inst);
  }
}

void Emitter::emit_loop(const Inst& inst) {
  const loop::Region& body = function_.regions[inst.body];
  loop::InstId id = inst_;
  const InstFacts& facts = facts_.insts[id];
  std::span<const Value> operands = function_.operands(inst);
  std::vector<asmjit::BaseReg> carried;
  for (uint32_t k = 0; k < inst.result_count; ++k) {
    carried.push_back(
        carried_register({inst.result + k}, body.params[k + 1], operands[k + 2], carried));
    keep_in_register(carried.back(), loop_depth_ + 1);
  }
  ax::Gp counter = overwrite(body.params[0], operands[0], {}).as<ax::Gp>();
  for (uint32_t k = 0; k < inst.result_count; ++k) {
    Value y = body.yields[k];
    bool inside = facts_.definition[y.index] != Analysis::kNoInst &&
                  facts_.home[y.index] == inst.body && !is_literal(y);
    if (inside && hints_[y.index] == kNoRegister) hints_[y.index] = carried[k].id();
  }

  int64_t lo = 0, hi = 0;
  bool known = literal_int(operands[0], &lo) && literal_int(operands[1], &hi);
  asmjit::Operand limit = gp_source(operands[1], 1);
  asmjit::Label done = cc_.newLabel();
  bool never = known && lo >= hi;
  int64_t second = 0;
  bool once = known && !never && (__builtin_add_overflow(lo, inst.imm, &second) || second >= hi);
  if (!never) {
    asmjit::Label head = cc_.newLabel();
    if (!known) {
      emit(ax::Inst::kIdCmp, counter, limit);
      emit(ax::Inst::kIdJge, done);
    }
    if (!once) {
      cc_.align(asmjit::AlignMode::kCode, kLoopAlignment);
      cc_.bind(head);
    }
    ++loop_depth_;
    emit_region(inst.body);
    --loop_depth_;
    resume(id, facts.end);
    yield(inst, carried);
    if (!once) {
      emit(ax::Inst::kIdAdd, counter, asmjit::Imm(inst.imm));
      emit(ax::Inst::kIdCmp, counter, limit);
      emit(ax::Inst::kIdJl, head);
    }
  }
  cc_.bind(done);
  for (uint32_t k = 0; k < inst.result_count; ++k) assign({inst.result + k}, carried[k]);
}

// The register that the loop around wants the result in, if it holds nothing else: not even a
// carried value (of `taken`) that the body never reads.
asmjit::BaseReg Emitter::carried_register(Value result, Value param, Value init,
                                          std::span<const asmjit::BaseReg> taken) {
  uint32_t hint = hints_[result.index];
  bool is_taken = std::ranges::any_of(taken, [&](const auto& r) { return r.id() == hint; });
  bool holds_init = !is_literal(init) && regs_[init.index] == hint && dies(init);
  bool usable =
      hint != kNoRegister && !is_taken && (holds_init || hint_is_free(result, position_ - 1));
  if (usable) hints_[param.index] = hint;
  asmjit::BaseReg r = overwrite(param, init, {});
  hints_[param.index] = kNoRegister;
  return r;
}

void Emitter::yield(const Inst& inst, std::span<const asmjit::BaseReg> carried) {
  const loop::Region& body = function_.regions[inst.body];
  std::vector<Move> moves;
  for (uint32_t k = 0; k < carried.size(); ++k) {
    Value y = body.yields[k];
    if (is_literal(y) || regs_[y.index] == carried[k].id()) continue;
    moves.push_back({carried[k], reg(y), bank_of(type(y))});
  }
  move_in_parallel(moves);
  for (uint32_t k = 0; k < carried.size(); ++k) {
    Value y = body.yields[k];
    if (is_literal(y)) load_literal(carried[k], type(y), literal_bits(y));
  }
}

void Emitter::move_in_parallel(std::vector<Move>& moves) {
  while (!moves.empty()) {
    auto is_read = [&](const Move& m) {
      return std::ranges::any_of(
          moves, [&](const Move& other) { return &other != &m && other.from.id() == m.to.id(); });
    };
    auto next = std::ranges::find_if_not(moves, is_read);
    if (next != moves.end()) {
      move(next->to, next->from);
      moves.erase(next);
      continue;
    }
    // Only cycles are left: save a register that a move overwrites.
    asmjit::BaseReg target = moves[0].to;
    asmjit::BaseReg saved = fresh(moves[0].bank);
    move(saved, target);
    for (Move& m : moves) {
      if (m.from.id() == target.id()) m.from = saved;
    }
  }
}

void Emitter::emit_branch(const Inst& inst) {
  asmjit::Label otherwise = cc_.newLabel(), done = cc_.newLabel();
  jump_unless(function_.operands(inst)[0], otherwise);
  emit_region(inst.body);
  if (inst.other != loop::kNoRegion) {
    emit(ax::Inst::kIdJmp, done);
    cc_.bind(otherwise);
    emit_region(inst.other);
    cc_.bind(done);
  } else {
    cc_.bind(otherwise);
  }
}

void Emitter::jump_unless(Value condition, const asmjit::Label& label) {
  if (const Inst* comparison = fused_comparison(condition)) {
    ax::CondCode code = ax::negateCond(compare_flags(*comparison));
    return emit(ax::Inst::jccFromCond(code), label);
  }
  ax::Gp r = gp(condition);
  emit(ax::Inst::kIdTest, r, r);
  emit(ax::Inst::kIdJz, label);
}

}  // namespace burin::isa::x86
