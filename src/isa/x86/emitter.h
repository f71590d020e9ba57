// Walks a loop function and writes its instructions through AsmJit's Compiler. One method per kind
// of op, spread over the emit_*.cpp files; register assignment in registers.cpp, loops and branches
// in control.cpp. Ops on registers (vector_binary ...) serve ops on values and expansions alike.
#pragma once

#include <asmjit/x86.h>

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "isa/engrave.h"
#include "isa/x86/analysis.h"
#include "isa/x86/literals.h"
#include "isa/x86/select.h"

namespace burin::isa::x86 {

constexpr uint32_t kNoRegister = ~0u;

namespace ax = asmjit::x86;

// Thrown when no instruction and no expansion computes an op; becomes a Diagnostic.
struct Unsupported {
  std::string reason;
};

// Where values of a type live.
enum class Bank : uint8_t { gp32, gp64, xmm, ymm, zmm, mask };

// Emitted for vdpbf16ps; generate.cpp puts the real one in after register allocation.
inline constexpr InstCode kBf16DotStandIn = ax::Inst::kIdVpdpwssd;

struct Move {
  asmjit::BaseReg to, from;
  Bank bank;
};

class Emitter {
 public:
  Emitter(const loop::Function& function, const Analysis& facts, const Target& target,
          const EngraveOptions& options, ax::Compiler& cc, LiteralPool& pool);
  void run();

 private:
  using Value = loop::Value;
  using Type = loop::Type;
  using Elem = loop::Elem;
  using Op = loop::Op;
  using Inst = loop::Inst;

  // --- registers.cpp: values and virtual registers ---
  bool wide() const { return target_.isa == Isa::avx512; }
  Bank bank_of(Type type) const;
  asmjit::BaseReg fresh(Bank bank);
  ax::Vec fresh_vec(Bank bank) { return fresh(bank).as<ax::Vec>(); }
  ax::Gp fresh_gp(Bank bank = Bank::gp64) { return fresh(bank).as<ax::Gp>(); }
  ax::KReg fresh_k() { return fresh(Bank::mask).as<ax::KReg>(); }
  // Loops of this depth read and write the register in each trip: others are spilled before it.
  void keep_in_register(const asmjit::BaseReg& r, int depth);
  // The register of a value; literals are loaded into a new one.
  asmjit::BaseReg reg(Value v);
  ax::Vec vec(Value v) { return reg(v).as<ax::Vec>(); }
  ax::Gp gp(Value v) { return reg(v).as<ax::Gp>(); }
  ax::KReg kreg(Value v) { return reg(v).as<ax::KReg>(); }
  bool dies(Value v) const;
  void assign(Value v, const asmjit::BaseReg& r);
  // The register for a result that one instruction writes after reading its operands ...
  asmjit::BaseReg result(Value v) { return pick_result(v, position_); }
  // ... and for one that is written while operands are still to be read.
  asmjit::BaseReg early_result(Value v) { return pick_result(v, position_ - 1); }
  asmjit::BaseReg pick_result(Value v, uint32_t free_by);
  bool hint_is_free(Value v, uint32_t free_by) const;
  // The register of `v`, holding the value of `from`, for an instruction that overwrites it. If a
  // copy is needed, it goes to none of the registers of `others`, which are read later.
  asmjit::BaseReg overwrite(Value v, Value from, std::span<const Value> others);
  void move(const asmjit::BaseReg& to, const asmjit::BaseReg& from);
  void load_literal(const asmjit::BaseReg& to, Type type, uint64_t bits);
  void load_lane_bits(const ax::KReg& to, int64_t lanes);
  // The register of a literal; in loops one that is loaded on entry, if there are registers left.
  asmjit::BaseReg literal_register(Value v);
  void result_is_copy(Value v, Value from);  // same bits, same bank

  // --- literals and operands ---
  bool is_literal(Value v) const { return facts_.is_constant(v); }
  uint64_t literal_bits(Value v) const {
    return function_.constants[facts_.constant[v.index]].bits;
  }
  bool literal_int(Value v, int64_t* out) const;
  Type type(Value v) const { return function_.types[v.index]; }
  // A literal for all lanes as the last operand of a vector instruction on such elements.
  asmjit::Operand splat_operand(int element_bits, uint64_t bits, Bank bank, bool scalar = false);
  // Operand k of the current instruction: memory where a load was folded, a literal, a register.
  asmjit::Operand source(Value v, int k);
  asmjit::Operand gp_source(Value v, int k);  // an immediate if it fits
  ax::Mem address(const MemoryOperand& m, uint32_t bytes);
  bool in_memory(Value v, int k) const { return folded() == k || is_literal(v); }
  int folded() const { return facts_.insts[inst_].folded; }

  // --- control.cpp ---
  void emit_region(loop::RegionId id);
  void emit_loop(const Inst& inst);
  asmjit::BaseReg carried_register(Value result, Value param, Value init,
                                   std::span<const asmjit::BaseReg> taken);
  void yield(const Inst& inst, std::span<const asmjit::BaseReg> carried);
  void move_in_parallel(std::vector<Move>& moves);
  void emit_branch(const Inst& inst);
  void jump_unless(Value condition, const asmjit::Label& label);

  // --- emit_*.cpp ---
  void emit_inst(loop::InstId id);
  // Makes `id` the instruction being emitted, at a position: its start, or the end of its body.
  void resume(loop::InstId id, uint32_t position);
  std::string provenance(const Inst& inst) const;
  void emit_special(const Inst& inst);
  // emit_vector.cpp
  void emit_unary(const Inst& inst);
  void vector_unary(const Inst& inst);
  void emit_binary(const Inst& inst);
  void emit_expanded_binary(const Inst& inst);
  void emit_shift(const Inst& inst);
  void emit_fma(const Inst& inst);
  int fma_target(Value r, const Value (&v)[3], int memory) const;
  InstCode shift_by_immediate(Op op, int bits) const;
  void clear(const ax::Vec& v);

  // expand.cpp
  bool vector_binary(Op op, Type t, const ax::Vec& d, const ax::Vec& a, const ax::Vec& b);
  InstCode logic(Op op) const;  // and, or, xor on any vector
  void multiply_64(Bank bank, const ax::Vec& d, const ax::Vec& a, const ax::Vec& b);
  void multiply_8(Bank bank, const ax::Vec& d, const ax::Vec& a, const ax::Vec& b);
  void shift_right_64(Bank bank, const ax::Vec& d, const ax::Vec& a, const ax::Vec& n);
  void shift_halves(Op op, int bits, Bank bank, const ax::Vec& d, const ax::Vec& a,
                    const ax::Vec& n);
  void divide_lanes(Op op, Type t, const ax::Vec& d, const ax::Vec& a, const ax::Vec& b);
  void emit_dot_u8i8(const Inst& inst);
  void emit_dot_bf16(const Inst& inst);
  ax::Mem stack_slot();
  static ax::Mem lane_of(const ax::Mem& slot, int lane, int bits);

  // convert.cpp
  void emit_convert(const Inst& inst);
  void convert_mask(Value r, Value a);
  void convert_integer(Value r, Value a);
  void convert_gp(Value r, Value a);
  void convert_scalar(Value r, Value a, InstCode id);
  void convert_lanes(Value r, Value a, InstCode id);
  void truncate_lanes(const ax::Vec& d, const ax::Vec& x, int from, int to);
  void widen_half(Value r, Value a);
  void narrow_half(Value r, Value a);
  void round_to_bf16(const ax::Vec& d, const ax::Vec& x);

  // gather.cpp
  void emit_gather(const Inst& inst);
  void gather_scalar(const Inst& inst);
  void gather_lanes(const Inst& inst);
  ax::Mem gather_address(const Inst& inst, const ax::Gp& index, int bytes);
  void first_lanes(const ax::Vec& d, Type t);
  ax::Gp mask_bits(Value mask);

  // emit_mask.cpp
  void emit_compare(const Inst& inst);
  void emit_scalar_compare(const Inst& inst);
  void compare_vectors(const Inst& inst, const asmjit::BaseReg& d, bool complement);
  void select_by_mask(Value r, Value m, Value yes, Value no);
  void integer_compare_avx2(Op op, Type t, const ax::Vec& d, ax::Vec a, ax::Vec b);
  void emit_select(const Inst& inst);
  void emit_gp_select(const Inst& inst);
  void select_mask(Value r, const ax::KReg& m, const ax::KReg& yes, const ax::KReg& no);
  void emit_mask_not(const Inst& inst);
  void emit_mask_binary(const Inst& inst);
  void emit_first_n(const Inst& inst);
  InstCode blend_instruction(int bits) const;
  ax::KReg mask_from_bool(const ax::Gp& condition);
  ax::Vec vector_from_bool(const ax::Gp& condition);

  // emit_lanes.cpp
  void emit_splat(const Inst& inst);
  void splat_gp(const ax::Vec& d, const ax::Gp& scalar, int bits);
  void splat_bool(Value r, const ax::Gp& condition);
  void emit_first(const Inst& inst);
  void take_lane_zero(Value r, const ax::Vec& v);
  void emit_reduce(const Inst& inst);
  void upper_half(const ax::Vec& d, const ax::Vec& v, int bits);
  void emit_interleave(const Inst& inst);
  void emit_lane_ids(const Inst& inst);
  ax::Mem lane_numbers(int bits, int lanes, Bank bank);
  void emit_bitcast(const Inst& inst);

  // emit_memory.cpp
  void emit_load(const Inst& inst);
  void emit_masked_load(const Inst& inst, const ax::Mem& m);
  void emit_masked_scalar_load(const Inst& inst, const ax::Mem& m);
  void emit_load_splat(const Inst& inst);
  void load_splat(Value r, const ax::Mem& m);
  void emit_store(const Inst& inst);
  void emit_stream(const Inst& inst);
  void store_unmasked(const ax::Mem& m, Value value);
  void emit_masked_store(const Inst& inst, const ax::Mem& m);
  void emit_offset(const Inst& inst);
  ax::KReg exact_mask(Value mask, Type t);
  ax::Vec exact_vector_mask(Value mask, Type t);
  static InstCode gp_load(Elem elem);
  void load_scalar(Value r, const ax::Mem& m);
  void store_gp(const ax::Mem& m, const ax::Gp& x, int bits);
  void emit_lane_loads(const Inst& inst, const ax::Mem& m);
  void emit_lane_stores(const Inst& inst, const ax::Mem& m);

  // emit_gp.cpp
  void emit_gp_unary(const Inst& inst);
  void emit_gp_binary(const Inst& inst);
  void emit_gp_shift(const Inst& inst);
  bool emit_by_lea(const Inst& inst, Value a, Value b);
  void emit_gp_divide(const Inst& inst);
  void divide_by_power_of_two(const Inst& inst, Value a, int64_t n);
  void divide_registers(Op op, Elem elem, const ax::Gp& d, const ax::Gp& a, const ax::Gp& b,
                        bool safe);
  void emit_gp_min_max(const Inst& inst);
  // Brings the low bits of a result of 8 or 16 bits into the canonical extended form.
  void extend(const ax::Gp& r, Elem elem);
  // Sets flags for a one-lane comparison; returns the condition that means "true".
  ax::CondCode compare_flags(const Inst& inst);
  const Inst* fused_comparison(Value condition) const;
  void set_bool(const ax::Gp& d, ax::CondCode condition);

  [[noreturn]] void refuse(const Inst& inst) const;

  // Emits one instruction, with its provenance if a listing is wanted.
  template <class... Operands>
  void emit(InstCode id, const Operands&... operands) {
    if (!comment_.empty()) cc_.setInlineComment(comment_.c_str());
    cc_.emit(id, operands...);
  }
  template <class... Operands>
  void emit_masked(const ax::KReg& k, bool zeroing, InstCode id, const Operands&... operands) {
    cc_.setExtraReg(k);
    if (zeroing) cc_.addInstOptions(asmjit::InstOptions::kX86_ZMask);
    emit(id, operands...);
  }

  const loop::Function& function_;
  const Analysis& facts_;
  const Target& target_;
  const EngraveOptions& options_;
  ax::Compiler& cc_;
  LiteralPool& pool_;

  loop::InstId inst_ = 0;  // being emitted
  uint32_t position_ = 0;
  std::vector<uint32_t> regs_;         // per value: virtual register id
  std::vector<uint32_t> hints_;        // per value: the register that its loop carries it in
  std::vector<Value> owners_;          // per virtual register: the value it holds
  asmjit::BaseNode* entry_ = nullptr;  // where what is loaded once goes
  int loop_depth_ = 0;
  int spare_vectors_ = 0;  // registers that literals may take
  std::string comment_;
};

}  // namespace burin::isa::x86
