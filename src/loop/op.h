// The operations of the loop IR, in one table: enum, printer, parser, verifier and interpreter
// read it. "vec" operands and results share one type unless the note says otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace burin::loop {

// Signature classes:
//   unary, binary, ternary   operands and result of one type
//   compare                  two operands of one type, result is the mask for it (same lanes)
//   special                  checked by its own rule in loop/verify.cpp
// clang-format off
#define BURIN_LOOP_OPS(X)                                                                       \
  X(neg, unary) X(abs, unary) X(sqrt, unary) X(floor, unary) X(ceil, unary) X(trunc, unary)     \
  X(round, unary)      /* to nearest even */                                                    \
  X(bit_not, unary)    /* integers and masks */                                                 \
  X(add, binary) X(sub, binary) X(mul, binary) X(div, binary)                                   \
  X(rem, binary)       /* integers; like C's %; floats are expanded by the maths library */     \
  X(min, binary) X(max, binary) /* floats: b if either is NaN, as vminps and vmaxps */          \
  X(bit_and, binary) X(bit_or, binary) X(bit_xor, binary) /* any type, masks too */             \
  X(shl, binary) X(shr, binary) X(sar, binary) /* per-lane counts, in range */                  \
  X(fma, ternary)      /* a * b + c, one rounding */                                            \
  X(cmp_eq, compare) X(cmp_ne, compare) X(cmp_lt, compare) X(cmp_le, compare)                   \
  X(cmp_gt, compare) X(cmp_ge, compare) /* NaN: only cmp_ne is true */                          \
  X(select, special)   /* mask, on_true, on_false */                                            \
  X(convert, special)  /* elem to elem, same lanes; float to int truncates, out of range gives  \
                          the smallest integer; mask to mask changes the width */               \
  X(bitcast, special)  /* same bits in all */                                                   \
  X(splat, special)    /* one lane to all lanes */                                              \
  X(first, special)    /* lane 0 */                                                             \
  X(reduce_add, special) X(reduce_min, special) X(reduce_max, special)                          \
                       /* vector to one lane, folding halves: lanes n/2.. onto 0.., and again */\
  X(interleave_low, special)  /* a0 b0 a1 b1, of 4 lanes of 32 bits */                          \
  X(interleave_high, special) /* a2 b2 a3 b3 */                                                 \
  X(lane_ids, special) /* 0, 1, 2 ... */                                                        \
  X(first_n, special)  /* i64 n -> mask of the lanes below n */                                 \
  X(load, special)     /* base, index?, mask?; masked-off lanes are 0 and not touched */        \
  X(load_splat, special) /* base, index?; one element to all lanes */                           \
  X(gather, special)   /* base, i32 or i64 indices, mask?: element at base + disp +             \
                          index[lane] * scale */                                                \
  X(store, special)    /* base, index?, mask?, value */                                         \
  X(stream, special)   /* base, index?, value: stores a vector past the caches, to an address   \
                          that is a multiple of its size; others see it behind a fence */       \
  X(offset, special)   /* ptr base, index?: base + index * scale + disp */                      \
  X(prefetch, special) /* base, index? */                                                       \
  X(dot_u8i8, special) /* i32 acc, u8 a, i8 b (4x the lanes): acc + sums of 4 products */       \
  X(dot_bf16, special) /* f32 acc, bf16 a, bf16 b (2x the lanes): acc + sums of 2 products */   \
  X(loop, special)     /* lo, hi, carried...: see Inst */                                       \
  X(branch, special)   /* one-lane mask: then region, optional else region */
// clang-format on

enum class Op : uint8_t {
#define X(name, signature) name,
  BURIN_LOOP_OPS(X)
#undef X
};

constexpr bool is_store(Op op) { return op == Op::store || op == Op::stream; }

enum class Signature : uint8_t { unary, binary, ternary, compare, special };

std::string_view name_of(Op op);
std::optional<Op> op_from_name(std::string_view name);
Signature signature_of(Op op);

}  // namespace burin::loop
