// Entry, dispatch and provenance.
#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

constexpr int kTemporaries = 4;  // vector registers that loads and expansions use

}  // namespace

Emitter::Emitter(const loop::Function& function, const Analysis& facts, const Target& target,
                 const EngraveOptions& options, ax::Compiler& cc, LiteralPool& pool)
    : function_(function),
      facts_(facts),
      target_(target),
      options_(options),
      cc_(cc),
      pool_(pool),
      regs_(function.types.size(), kNoRegister),
      hints_(function.types.size(), kNoRegister),
      owners_(function.types.size() + 64) {}

void Emitter::run() {
  using Signature = asmjit::FuncSignatureT<void, void* const*, int64_t>;
  asmjit::FuncNode* node = cc_.addFunc(Signature(asmjit::CallConvId::kX64SystemV));
  if (!node) return;
  node->frame().setAvxEnabled();
  node->frame().setAvxCleanup();
  if (wide()) node->frame().setAvx512Enabled();
  ax::Gp buffers = fresh_gp();
  node->setArg(0, buffers);
  if (facts_.last_use[function_.tile.index] > 0) {
    ax::Gp tile = fresh_gp();
    node->setArg(1, tile);
    assign(function_.tile, tile);
  }
  for (size_t i = 0; i < function_.pointers.size(); ++i) {
    Value p = function_.pointers[i];
    if (facts_.last_use[p.index] == 0) continue;
    ax::Gp r = fresh_gp();
    emit(ax::Inst::kIdMov, r, ax::Mem(buffers, static_cast<int32_t>(8 * i), 8));
    assign(p, r);
  }
  entry_ = cc_.cursor();
  spare_vectors_ = target_.machine.vector_registers - facts_.live_vectors - kTemporaries;
  emit_region(0);
  cc_.ret();
  cc_.endFunc();
}

void Emitter::resume(loop::InstId id, uint32_t position) {
  inst_ = id;
  position_ = position;
  if (options_.listing) comment_ = provenance(function_.insts[id]);
}

// "layer | %12 = fma"
std::string Emitter::provenance(const Inst& inst) const {
  std::string text;
  if (options_.source_name && inst.source != ~0u) text = options_.source_name(inst.source) + " | ";
  if (inst.result_count > 0) text += "%" + std::to_string(inst.result) + " = ";
  text += loop::name_of(inst.op);
  return text;
}

void Emitter::emit_inst(loop::InstId id) {
  const Inst& inst = function_.insts[id];
  resume(id, facts_.insts[id].position);
  switch (loop::signature_of(inst.op)) {
    case loop::Signature::unary: return emit_unary(inst);
    case loop::Signature::binary: return emit_binary(inst);
    case loop::Signature::ternary: return emit_fma(inst);
    case loop::Signature::compare: return emit_compare(inst);
    case loop::Signature::special: return emit_special(inst);
  }
}

void Emitter::emit_special(const Inst& inst) {
  switch (inst.op) {
    case Op::loop: return emit_loop(inst);
    case Op::branch: return emit_branch(inst);
    case Op::select: return emit_select(inst);
    case Op::convert: return emit_convert(inst);
    case Op::bitcast: return emit_bitcast(inst);
    case Op::splat: return emit_splat(inst);
    case Op::first: return emit_first(inst);
    case Op::reduce_add:
    case Op::reduce_min:
    case Op::reduce_max: return emit_reduce(inst);
    case Op::interleave_low:
    case Op::interleave_high: return emit_interleave(inst);
    case Op::lane_ids: return emit_lane_ids(inst);
    case Op::first_n: return emit_first_n(inst);
    case Op::load: return emit_load(inst);
    case Op::load_splat: return emit_load_splat(inst);
    case Op::gather: return emit_gather(inst);
    case Op::store: return emit_store(inst);
    case Op::stream: return emit_stream(inst);
    case Op::dot_u8i8: return emit_dot_u8i8(inst);
    case Op::dot_bf16: return emit_dot_bf16(inst);
    case Op::offset: return emit_offset(inst);
    case Op::prefetch:
      return emit(target_.fetches_far ? ax::Inst::kIdPrefetcht1 : ax::Inst::kIdPrefetcht0,
                  address(facts_.insts[inst_].address, 64));
    default: refuse(inst);
  }
}

void Emitter::refuse(const Inst& inst) const {
  std::string reason = "no instruction for " + std::string(loop::name_of(inst.op)) + " on";
  for (Value v : function_.operands(inst)) {
    if (v.valid()) reason += " " + type(v).text();
  }
  if (inst.result_count == 1) reason += " -> " + type({inst.result}).text();
  throw Unsupported{reason + " on target " + target_.name};
}

}  // namespace burin::isa::x86
