// Emits loop IR. Kernels are ordinary C++ that calls this: their loops unroll and block at compile
// time, what they emit runs. Index arithmetic on constants is folded here, so a kernel may be
// written for the general case and still come out tight.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "loop/function.h"

namespace burin::loop {

// base + index * scale + disp bytes; scale is 1, 2, 4 or 8.
struct Address {
  Value base;
  Value index = {};
  int scale = 1;
  int64_t disp = 0;

  Address plus(int64_t bytes) const { return {base, index, scale, disp + bytes}; }
};

class Builder {
 public:
  // Starts a function with `buffers` pointer parameters.
  Builder(std::string name, int buffers);
  Function finish();

  Value pointer(int i) const { return function_.pointers[static_cast<size_t>(i)]; }
  Value tile() const { return function_.tile; }
  Type type(Value v) const { return function_.types[v.index]; }
  // Instructions made from now on carry this graph source.
  void set_source(uint32_t source) { source_ = source; }
  uint32_t source() const { return source_; }

  // Literals, splat to all lanes of the type; deduplicated.
  Value index(int64_t value) { return integer(kIndex, value); }
  Value integer(Type type, int64_t value);
  Value real(Type type, double value);  // f32 or f64
  Value bits(Type type, uint64_t element_bits);
  Value constant_mask(Type type, bool value) { return bits(type, value); }
  // The bits of a literal's element, if the value is a literal.
  std::optional<uint64_t> literal_bits(Value v) const;
  // The literal behind an i64 scalar, if it is one.
  bool is_index_constant(Value v, int64_t* out) const;

  Value unary(Op op, Value a);
  Value binary(Op op, Value a, Value b);
  Value compare(Op op, Value a, Value b);
  Value neg(Value a) { return unary(Op::neg, a); }
  Value abs(Value a) { return unary(Op::abs, a); }
  Value sqrt(Value a) { return unary(Op::sqrt, a); }
  Value floor(Value a) { return unary(Op::floor, a); }
  Value ceil(Value a) { return unary(Op::ceil, a); }
  Value trunc(Value a) { return unary(Op::trunc, a); }
  Value round(Value a) { return unary(Op::round, a); }
  Value bit_not(Value a) { return unary(Op::bit_not, a); }
  Value add(Value a, Value b) { return binary(Op::add, a, b); }
  Value sub(Value a, Value b) { return binary(Op::sub, a, b); }
  Value mul(Value a, Value b) { return binary(Op::mul, a, b); }
  Value div(Value a, Value b) { return binary(Op::div, a, b); }
  Value rem(Value a, Value b) { return binary(Op::rem, a, b); }
  Value min(Value a, Value b) { return binary(Op::min, a, b); }
  Value max(Value a, Value b) { return binary(Op::max, a, b); }
  Value bit_and(Value a, Value b) { return binary(Op::bit_and, a, b); }
  Value bit_or(Value a, Value b) { return binary(Op::bit_or, a, b); }
  Value bit_xor(Value a, Value b) { return binary(Op::bit_xor, a, b); }
  Value shl(Value a, Value b) { return binary(Op::shl, a, b); }
  Value shr(Value a, Value b) { return binary(Op::shr, a, b); }
  Value sar(Value a, Value b) { return binary(Op::sar, a, b); }
  Value fma(Value a, Value b, Value c);
  Value cmp_eq(Value a, Value b) { return compare(Op::cmp_eq, a, b); }
  Value cmp_ne(Value a, Value b) { return compare(Op::cmp_ne, a, b); }
  Value cmp_lt(Value a, Value b) { return compare(Op::cmp_lt, a, b); }
  Value cmp_le(Value a, Value b) { return compare(Op::cmp_le, a, b); }
  Value cmp_gt(Value a, Value b) { return compare(Op::cmp_gt, a, b); }
  Value cmp_ge(Value a, Value b) { return compare(Op::cmp_ge, a, b); }
  Value select(Value mask, Value on_true, Value on_false);
  Value convert(Value a, Elem to);
  Value bitcast(Value a, Type to);
  Value splat(Value scalar, uint16_t lanes);
  Value first(Value a);
  Value reduce(Op op, Value a);  // reduce_add, reduce_min or reduce_max
  // a0 b0 a1 b1 and a2 b2 a3 b3.
  Value interleave_low(Value a, Value b) { return binary(Op::interleave_low, a, b); }
  Value interleave_high(Value a, Value b) { return binary(Op::interleave_high, a, b); }
  Value lane_ids(Type type);
  Value first_n(Type mask_type, Value n);
  Value dot(Op op, Value acc, Value a, Value b);  // dot_u8i8 or dot_bf16

  Value load(Type type, const Address& at, Value mask = {});
  Value load_splat(Type type, const Address& at);
  Value gather(Type type, Value base, Value indices, int scale, int64_t disp = 0, Value mask = {});
  void store(Value value, const Address& at, Value mask = {});
  // Of a vector past the caches: the address must be a multiple of the vector's size.
  void stream(Value value, const Address& at);
  Value offset(const Address& at);
  void prefetch(const Address& at);
  // base + bytes, for a run-time byte count.
  Value advance(Value base, Value bytes) { return offset({base, bytes, 1, 0}); }

  using LoopBody = std::function<std::vector<Value>(Value i, std::span<const Value> carried)>;
  // for (i = lo; i < hi; i += step); returns the last carried values.
  std::vector<Value> loop(Value lo, Value hi, int64_t step, std::span<const Value> init,
                          const LoopBody& body);
  // The same with nothing carried.
  void loop(Value lo, Value hi, int64_t step, const std::function<void(Value i)>& body);
  void branch(Value condition, const std::function<void()>& then,
              const std::function<void()>& otherwise = {});

 private:
  Value new_value(Type type);
  Inst& append(Op op, std::initializer_list<Value> operands);
  Value append_value(Op op, Type type, std::initializer_list<Value> operands);
  Inst& append_memory(Op op, const Address& at, Value mask, Value value);
  Value fold_index(Op op, Value a, Value b);
  RegionId open_region();

  Function function_;
  RegionId region_ = 0;
  uint32_t source_ = kNoSource;
  std::unordered_map<uint64_t, std::vector<Value>> literals_;  // by type and bits
  std::unordered_map<uint32_t, uint64_t> literal_bits_;        // by value
};

}  // namespace burin::loop
