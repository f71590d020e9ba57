// Types of loop-IR values: an element kind and a number of lanes. One lane is a scalar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tensor/dtype.h"

namespace burin::loop {

// ptr is an address (one lane). f16 and bf16 are storage: they are moved and converted, not
// computed with. m8..m64 are masks over elements of that many bits.
//      name bits
// clang-format off
#define BURIN_LOOP_ELEMS(X)                                                                  \
  X(ptr, 64) X(i8, 8) X(u8, 8) X(i16, 16) X(u16, 16) X(i32, 32) X(u32, 32) X(i64, 64)        \
  X(u64, 64) X(f16, 16) X(bf16, 16) X(f32, 32) X(f64, 64) X(m8, 8) X(m16, 16) X(m32, 32)     \
  X(m64, 64)
// clang-format on

enum class Elem : uint8_t {
#define X(name, bits) name,
  BURIN_LOOP_ELEMS(X)
#undef X
};

int bits_of(Elem elem);
std::string_view name_of(Elem elem);
std::optional<Elem> elem_from_name(std::string_view name);
inline bool is_mask(Elem e) { return e >= Elem::m8; }
inline bool is_float(Elem e) { return e >= Elem::f16 && e <= Elem::f64; }
inline bool is_unsigned(Elem e) {
  return e == Elem::u8 || e == Elem::u16 || e == Elem::u32 || e == Elem::u64;
}
inline bool is_integer(Elem e) { return e >= Elem::i8 && e <= Elem::u64; }
inline bool is_real(Elem e) { return e == Elem::f32 || e == Elem::f64; }
// The mask kind for elements of the same width.
Elem mask_for(Elem elem);
// The one form of a literal's bits: integers sign-extended from their width, floats zero-extended,
// masks 0 or 1.
uint64_t canonical_bits(Elem elem, uint64_t bits);
// Whether the op `convert` exists between two kinds: any integer to any integer (the source's
// signedness extends, a narrower result wraps); i32 and i64 to and from f32 and f64; f32 to and
// from f64, f16 and bf16; mask to mask. Others are composed of these.
bool can_convert(Elem from, Elem to);
// The element kind that holds a tensor's dtype in memory (pred is a u8 of 0 or 1).
Elem elem_of(DType dtype);

struct Type {
  Elem elem = Elem::i64;
  uint16_t lanes = 1;  // a power of two

  int bits() const { return bits_of(elem) * lanes; }
  std::string text() const;  // "f32x16", "i64"
  friend bool operator==(Type, Type) = default;
};

inline constexpr Type kIndex{Elem::i64, 1};
inline constexpr Type kPointer{Elem::ptr, 1};

}  // namespace burin::loop
