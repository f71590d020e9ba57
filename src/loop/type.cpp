// Facts about loop-IR element kinds.
#include "loop/type.h"

namespace burin::loop {

int bits_of(Elem elem) {
  static constexpr int kBits[] = {
#define X(name, bits) bits,
      BURIN_LOOP_ELEMS(X)
#undef X
  };
  return kBits[static_cast<size_t>(elem)];
}

std::string_view name_of(Elem elem) {
  static constexpr std::string_view kNames[] = {
#define X(name, bits) #name,
      BURIN_LOOP_ELEMS(X)
#undef X
  };
  return kNames[static_cast<size_t>(elem)];
}

std::optional<Elem> elem_from_name(std::string_view text) {
#define X(name, bits) \
  if (text == #name) return Elem::name;
  BURIN_LOOP_ELEMS(X)
#undef X
  return std::nullopt;
}

Elem mask_for(Elem elem) {
  switch (bits_of(elem)) {
    case 8: return Elem::m8;
    case 16: return Elem::m16;
    case 32: return Elem::m32;
    default: return Elem::m64;
  }
}

uint64_t canonical_bits(Elem elem, uint64_t bits) {
  if (is_mask(elem)) return bits != 0;
  int unused = 64 - bits_of(elem);
  if (is_float(elem)) return bits << unused >> unused;
  return static_cast<uint64_t>(static_cast<int64_t>(bits << unused) >> unused);
}

bool can_convert(Elem from, Elem to) {
  if (is_integer(from) && is_integer(to)) return true;
  if (is_mask(from) && is_mask(to)) return true;
  auto word = [](Elem e) { return e == Elem::i32 || e == Elem::i64; };
  if ((word(from) && is_real(to)) || (is_real(from) && word(to))) return true;
  return (from == Elem::f32 && is_float(to)) || (is_float(from) && to == Elem::f32);
}

Elem elem_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return Elem::f32;
    case DType::f64: return Elem::f64;
    case DType::f16: return Elem::f16;
    case DType::bf16: return Elem::bf16;
    case DType::i8: return Elem::i8;
    case DType::i16: return Elem::i16;
    case DType::i32: return Elem::i32;
    case DType::i64: return Elem::i64;
    case DType::u8:
    case DType::pred: return Elem::u8;
    case DType::u16: return Elem::u16;
    case DType::u32: return Elem::u32;
    case DType::u64: return Elem::u64;
  }
  __builtin_unreachable();
}

std::string Type::text() const {
  std::string out(name_of(elem));
  if (lanes > 1) out += "x" + std::to_string(lanes);
  return out;
}

}  // namespace burin::loop
