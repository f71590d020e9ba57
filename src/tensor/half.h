// IEEE binary16 and bfloat16 storage types with conversion to and from float, round to nearest
// even.
#pragma once

#include <bit>
#include <cstdint>

namespace burin {

float half_to_float(uint16_t bits);
uint16_t float_to_half(float value);

inline float bfloat16_to_float(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}
inline uint16_t float_to_bfloat16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40);  // NaN
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

struct Half {
  uint16_t bits = 0;
  Half() = default;
  explicit Half(float f) : bits(float_to_half(f)) {}
  explicit Half(double d) : Half(static_cast<float>(d)) {}
  operator float() const { return half_to_float(bits); }
};

struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float f) : bits(float_to_bfloat16(f)) {}
  explicit BFloat16(double d) : BFloat16(static_cast<float>(d)) {}
  operator float() const { return bfloat16_to_float(bits); }
};

}  // namespace burin
