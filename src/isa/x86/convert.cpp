// Conversions between element kinds, as loop/type.h's can_convert lists them.
#include <array>

#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

using loop::Elem;

// [log2 of the source bytes][log2 of the result bytes]
using WidthTable = InstCode[4][4];

constexpr WidthTable kExtendSigned = {
    {0, ax::Inst::kIdVpmovsxbw, ax::Inst::kIdVpmovsxbd, ax::Inst::kIdVpmovsxbq},
    {0, 0, ax::Inst::kIdVpmovsxwd, ax::Inst::kIdVpmovsxwq},
    {0, 0, 0, ax::Inst::kIdVpmovsxdq},
    {0, 0, 0, 0}};
constexpr WidthTable kExtendUnsigned = {
    {0, ax::Inst::kIdVpmovzxbw, ax::Inst::kIdVpmovzxbd, ax::Inst::kIdVpmovzxbq},
    {0, 0, ax::Inst::kIdVpmovzxwd, ax::Inst::kIdVpmovzxwq},
    {0, 0, 0, ax::Inst::kIdVpmovzxdq},
    {0, 0, 0, 0}};
constexpr WidthTable kTruncate = {
    {0, 0, 0, 0},
    {ax::Inst::kIdVpmovwb, 0, 0, 0},
    {ax::Inst::kIdVpmovdb, ax::Inst::kIdVpmovdw, 0, 0},
    {ax::Inst::kIdVpmovqb, ax::Inst::kIdVpmovqw, ax::Inst::kIdVpmovqd, 0}};

int width_index(Elem e) {
  int bits = loop::bits_of(e);
  return bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3;
}

struct RealRow {
  Elem from, to;
  InstCode vector, scalar;
  bool wide_only;  // the vector form is AVX-512
};

// Words and reals; the scalar forms take or give a general register where the kind is an integer.
constexpr RealRow kReals[] = {
    {Elem::i32, Elem::f32, ax::Inst::kIdVcvtdq2ps, ax::Inst::kIdVcvtsi2ss, false},
    {Elem::i32, Elem::f64, ax::Inst::kIdVcvtdq2pd, ax::Inst::kIdVcvtsi2sd, false},
    {Elem::i64, Elem::f32, ax::Inst::kIdVcvtqq2ps, ax::Inst::kIdVcvtsi2ss, true},
    {Elem::i64, Elem::f64, ax::Inst::kIdVcvtqq2pd, ax::Inst::kIdVcvtsi2sd, true},
    {Elem::f32, Elem::i32, ax::Inst::kIdVcvttps2dq, ax::Inst::kIdVcvttss2si, false},
    {Elem::f32, Elem::i64, ax::Inst::kIdVcvttps2qq, ax::Inst::kIdVcvttss2si, true},
    {Elem::f64, Elem::i32, ax::Inst::kIdVcvttpd2dq, ax::Inst::kIdVcvttsd2si, false},
    {Elem::f64, Elem::i64, ax::Inst::kIdVcvttpd2qq, ax::Inst::kIdVcvttsd2si, true},
    {Elem::f32, Elem::f64, ax::Inst::kIdVcvtps2pd, ax::Inst::kIdVcvtss2sd, false},
    {Elem::f64, Elem::f32, ax::Inst::kIdVcvtpd2ps, ax::Inst::kIdVcvtsd2ss, false},
};

const RealRow* find_real_row(Elem from, Elem to) {
  for (const RealRow& row : kReals) {
    if (row.from == from && row.to == to) return &row;
  }
  return nullptr;
}

}  // namespace

void Emitter::emit_convert(const Inst& inst) {
  Value a = function_.operands(inst)[0], r{inst.result};
  Elem from = type(a).elem, to = type(r).elem;
  if (loop::is_mask(from)) return convert_mask(r, a);
  if (loop::is_integer(from) && loop::is_integer(to)) return convert_integer(r, a);
  if (from == Elem::f16 || from == Elem::bf16) return widen_half(r, a);
  if (to == Elem::f16 || to == Elem::bf16) return narrow_half(r, a);
  const RealRow* row = find_real_row(from, to);
  if (!row) refuse(inst);
  if (type(r).lanes == 1) return convert_scalar(r, a, row->scalar);
  if (row->wide_only && !wide()) return convert_lanes(r, a, row->scalar);
  asmjit::Operand x = folded() == 0 ? source(a, 0) : asmjit::Operand(reg(a));
  emit(row->vector, result(r), x);
}

void Emitter::convert_mask(Value r, Value a) {
  Elem from = type(a).elem, to = type(r).elem;
  if (bank_of(type(a)) == Bank::mask || type(a).lanes == 1) return result_is_copy(r, a);
  ax::Vec x = vec(a);
  int f = width_index(from), t = width_index(to);
  if (f == t) return result_is_copy(r, a);
  if (f < t) return emit(kExtendSigned[f][t], result(r), x);
  ax::Vec d = fresh_vec(bank_of(type(r)));
  truncate_lanes(d, x, 8 << f, 8 << t);
  assign(r, d);
}

void Emitter::convert_integer(Value r, Value a) {
  Elem from = type(a).elem, to = type(r).elem;
  if (type(r).lanes == 1) return convert_gp(r, a);
  int f = width_index(from), t = width_index(to);
  if (f == t) return result_is_copy(r, a);
  if (f < t) {
    asmjit::Operand x = folded() == 0 ? source(a, 0) : asmjit::Operand(reg(a));
    return emit(loop::is_unsigned(from) ? kExtendUnsigned[f][t] : kExtendSigned[f][t], result(r),
                x);
  }
  ax::Vec x = vec(a);
  ax::Vec d = fresh_vec(bank_of(type(r)));
  truncate_lanes(d, x, 8 << f, 8 << t);
  assign(r, d);
}

// General registers hold narrow values extended to 32 bits.
void Emitter::convert_gp(Value r, Value a) {
  Elem from = type(a).elem, to = type(r).elem;
  ax::Gp x = gp(a);
  ax::Gp d = result(r).as<ax::Gp>();
  bool to_long = loop::bits_of(to) == 64, from_long = loop::bits_of(from) == 64;
  if (to_long && !from_long && !loop::is_unsigned(from)) {
    return emit(ax::Inst::kIdMovsxd, d.r64(), x.r32());
  }
  if (to_long && from_long) return emit(ax::Inst::kIdMov, d.r64(), x.r64());
  emit(ax::Inst::kIdMov, d.r32(), x.r32());
  if (loop::bits_of(to) < 32) extend(d, to);
}

// The low `to` bits of each element of `from` bits, packed.
void Emitter::truncate_lanes(const ax::Vec& d, const ax::Vec& x, int from, int to) {
  auto log2 = [](int bits) { return bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3; };
  if (wide()) return emit(kTruncate[log2(from)][log2(to)], d, x);
  // Each 128-bit half packs its bytes where they belong in the whole; then the halves are joined.
  std::array<uint8_t, 32> table;
  table.fill(0x80);
  int lanes = 128 / from, from_bytes = from / 8, to_bytes = to / 8;
  for (int half = 0; half < 2; ++half) {
    for (int i = 0; i < lanes; ++i) {
      for (int k = 0; k < to_bytes; ++k) {
        int place = half * 16 + (half * lanes + i) * to_bytes + k;
        table[static_cast<size_t>(place)] = static_cast<uint8_t>(i * from_bytes + k);
      }
    }
  }
  if (x.isXmm()) {
    return emit(ax::Inst::kIdVpshufb, d, x, pool_.table(std::span(table).first(16)));
  }
  ax::Vec packed = fresh_vec(Bank::ymm), high = fresh_vec(Bank::xmm);
  emit(ax::Inst::kIdVpshufb, packed, x, pool_.table(table));
  emit(ax::Inst::kIdVextracti128, high, packed, asmjit::Imm(1));
  emit(ax::Inst::kIdVpor, d, packed.xmm(), high);
}

void Emitter::convert_scalar(Value r, Value a, InstCode id) {
  bool to_gp = loop::is_integer(type(r).elem);
  if (loop::is_integer(type(a).elem)) {
    ax::Gp x = gp(a);
    ax::Vec d = early_result(r).as<ax::Vec>();
    clear(d);  // the instruction keeps the upper lanes: no wait for what was there
    return emit(id, d, d, x);
  }
  ax::Vec x = vec(a);
  if (to_gp) return emit(id, result(r), x);
  emit(id, result(r), x, x);
}

// Between i64 and floats on AVX2, through the stack.
void Emitter::convert_lanes(Value r, Value a, InstCode id) {
  Type from = type(a), to = type(r);
  int from_bits = loop::bits_of(from.elem), to_bits = loop::bits_of(to.elem);
  ax::Mem in = stack_slot(), out = stack_slot();
  ax::Vec x = vec(a);
  emit(ax::Inst::kIdVmovups, in.cloneResized(x.size()), x);
  bool to_gp = loop::is_integer(to.elem);
  for (int i = 0; i < from.lanes; ++i) {
    if (to_gp) {
      ax::Gp lane = fresh_gp();
      emit(id, lane, lane_of(in, i, from_bits));
      emit(ax::Inst::kIdMov, lane_of(out, i, to_bits), lane);
    } else {
      ax::Vec lane = fresh_vec(Bank::xmm);
      clear(lane);
      emit(id, lane, lane, lane_of(in, i, from_bits));
      emit(to_bits == 32 ? ax::Inst::kIdVmovss : ax::Inst::kIdVmovsd, lane_of(out, i, to_bits),
           lane);
    }
  }
  ax::Vec d = fresh_vec(bank_of(to));
  emit(ax::Inst::kIdVmovups, d, out.cloneResized(d.size()));
  assign(r, d);
}

// f16 and bf16 -> f32: a conversion, or the upper half of the f32.
void Emitter::widen_half(Value r, Value a) {
  bool bf16 = type(a).elem == Elem::bf16;
  if (type(r).lanes > 1) {
    asmjit::Operand x = folded() == 0 ? source(a, 0) : asmjit::Operand(reg(a));
    if (!bf16) return emit(ax::Inst::kIdVcvtph2ps, result(r), x);
    ax::Vec d = result(r).as<ax::Vec>();
    emit(ax::Inst::kIdVpmovzxwd, d, x);
    return emit(ax::Inst::kIdVpslld, d, d, asmjit::Imm(16));
  }
  ax::Gp x = gp(a);
  ax::Vec d = early_result(r).as<ax::Vec>();
  if (bf16) {
    ax::Gp shifted = fresh_gp(Bank::gp32);
    emit(ax::Inst::kIdMov, shifted, x);
    emit(ax::Inst::kIdShl, shifted, asmjit::Imm(16));
    return emit(ax::Inst::kIdVmovd, d, shifted);
  }
  emit(ax::Inst::kIdVmovd, d, x);
  emit(ax::Inst::kIdVcvtph2ps, d, d);
}

// f32 -> f16 and bf16, to nearest even.
void Emitter::narrow_half(Value r, Value a) {
  bool bf16 = type(r).elem == Elem::bf16;
  bool scalar = type(r).lanes == 1;
  ax::Vec x = vec(a);
  ax::Vec half = fresh_vec(scalar ? Bank::xmm : bank_of(type(r)));
  if (!bf16) {
    emit(ax::Inst::kIdVcvtps2ph, half, x, asmjit::Imm(0));
  } else if (target_.bf16) {
    emit(ax::Inst::kIdVcvtneps2bf16, half, x);
  } else {
    round_to_bf16(half, x);
  }
  if (!scalar) return assign(r, half);
  ax::Gp d = result(r).as<ax::Gp>();
  emit(ax::Inst::kIdVmovd, d, half);
  extend(d, type(r).elem);
}

// (x + 0x7fff + bit 16 of x) >> 16; a NaN keeps its upper half and becomes quiet.
void Emitter::round_to_bf16(const ax::Vec& d, const ax::Vec& x) {
  Bank bank = x.isZmm() ? Bank::zmm : x.isYmm() ? Bank::ymm : Bank::xmm;
  ax::Vec odd = fresh_vec(bank), rounded = fresh_vec(bank), quiet = fresh_vec(bank);
  emit(ax::Inst::kIdVpsrld, odd, x, asmjit::Imm(16));
  emit(logic(Op::bit_or), quiet, odd, splat_operand(32, 0x40, bank));
  emit(logic(Op::bit_and), odd, odd, splat_operand(32, 1, bank));
  emit(ax::Inst::kIdVpaddd, rounded, x, splat_operand(32, 0x7fff, bank));
  emit(ax::Inst::kIdVpaddd, rounded, rounded, odd);
  emit(ax::Inst::kIdVpsrld, rounded, rounded, asmjit::Imm(16));
  asmjit::Imm unordered(3);
  if (wide()) {
    ax::KReg nan = fresh_k();
    emit(ax::Inst::kIdVcmpps, nan, x, x, unordered);
    emit_masked(nan, false, ax::Inst::kIdVmovaps, rounded, quiet);
  } else {
    ax::Vec nan = fresh_vec(bank);
    emit(ax::Inst::kIdVcmpps, nan, x, x, unordered);
    emit(ax::Inst::kIdVblendvps, rounded, rounded, quiet, nan);
  }
  truncate_lanes(d, rounded, 32, 16);
}

}  // namespace burin::isa::x86
