// Every op on every element kind and lane count, with operands in registers, as literals and twice
// the same: machine code and the interpreter give the same bytes.
#include <gtest/gtest.h>

#include "loop/interp.h"
#include "loop/verify.h"
#include "tests/support/engrave_support.h"
#include "tests/support/random_loop.h"

namespace burin::isa {

namespace {

using loop::Builder;
using loop::Elem;
using loop::Op;
using loop::Type;
using loop::Value;

constexpr Elem kNumbers[] = {Elem::i8,  Elem::u8,  Elem::i16, Elem::u16, Elem::i32,
                             Elem::u32, Elem::i64, Elem::u64, Elem::f32, Elem::f64};
constexpr Elem kData[] = {Elem::i8,  Elem::u8,  Elem::i16, Elem::u16,  Elem::i32, Elem::u32,
                          Elem::i64, Elem::u64, Elem::f16, Elem::bf16, Elem::f32, Elem::f64};

// One function: emits ops, stores each result in its own 64 bytes and remembers what it was.
class Case {
 public:
  explicit Case(const Target& target) : target_(target), b_("ops", 3) {}

  Builder& b() { return b_; }
  bool fits(Type t) const { return t.bits() <= target_.machine.vector_bits; }
  Value load(Type t) {
    bool tame = t.elem == Elem::f32 && next_input_ % 2 == 0;
    return b_.load(t, {b_.pointer(tame ? 2 : 1), {}, 1, 64 * next_input_++});
  }
  void store(Value v, const std::string& what) {
    Type t = b_.type(v);
    if (loop::is_mask(t.elem)) {
      Elem number = t.elem == Elem::m8    ? Elem::i8
                    : t.elem == Elem::m16 ? Elem::i16
                    : t.elem == Elem::m32 ? Elem::i32
                                          : Elem::i64;
      Type as{number, t.lanes};
      if (!fits(as)) return;
      v = b_.select(v, b_.integer(as, 1), b_.integer(as, 0));
    }
    b_.store(v, {b_.pointer(0), {}, 1, 64 * static_cast<int64_t>(names_.size())});
    names_.push_back(what + " -> " + t.text());
  }

  void check() {
    loop::Function f = b_.finish();
    auto valid = loop::verify(f);
    ASSERT_TRUE(valid) << valid.error().text();
    auto expected = loop::random_loop_buffers(7), actual = loop::random_loop_buffers(7);
    auto ran = loop::interpret(f, pointers(expected), 0);
    ASSERT_TRUE(ran) << ran.error().text();
    Result<Code> code = engrave(f, target_);
    ASSERT_TRUE(code) << code.error().text();
    run_code(*code, pointers(actual));
    for (size_t i = 0; i < names_.size(); ++i) {
      std::string where;
      std::vector<uint8_t> a = expected[0], z = expected[0];
      std::copy_n(actual[0].begin() + static_cast<std::ptrdiff_t>(64 * i), 64,
                  z.begin() + static_cast<std::ptrdiff_t>(64 * i));
      EXPECT_TRUE(loop::same_random_loop_output(f, a, z, &where))
          << names_[i] << " on " << target_.name << ": " << where;
    }
  }

 private:
  static std::vector<void*> pointers(std::vector<std::vector<uint8_t>>& buffers) {
    std::vector<void*> out;
    for (auto& buffer : buffers) out.push_back(buffer.data());
    return out;
  }

  const Target& target_;
  Builder b_;
  int64_t next_input_ = 0;
  std::vector<std::string> names_;
};

bool takes(Op op, Elem e) {
  bool real = loop::is_real(e);
  switch (op) {
    case Op::sqrt:
    case Op::floor:
    case Op::ceil:
    case Op::trunc:
    case Op::round: return real;
    case Op::bit_not:
    case Op::rem:
    case Op::shl:
    case Op::shr:
    case Op::sar: return !real;
    default: return true;
  }
}

bool is_shift(Op op) { return op == Op::shl || op == Op::shr || op == Op::sar; }

// Operands for which the op is defined.
Value second_operand(Case& c, Op op, Value y, Type t) {
  Builder& b = c.b();
  if (is_shift(op)) return b.bit_and(y, b.integer(t, loop::bits_of(t.elem) - 1));
  bool divides = !loop::is_real(t.elem) && (op == Op::div || op == Op::rem);
  return divides ? b.bit_or(b.bit_and(y, b.integer(t, 63)), b.integer(t, 1)) : y;
}

Value literal(Case& c, Type t, int64_t n) {
  return loop::is_real(t.elem) ? c.b().real(t, static_cast<double>(n) + 0.5) : c.b().integer(t, n);
}

void binary(Case& c, Op op, Type t) {
  Builder& b = c.b();
  std::string what = std::string(name_of(op)) + " " + t.text();
  Value x = c.load(t), y = second_operand(c, op, c.load(t), t);
  c.store(b.binary(op, x, y), what);
  c.store(b.binary(op, x, literal(c, t, 5)), what + " by literal");
  c.store(b.binary(op, x, literal(c, t, 4)), what + " by power of two");
  c.store(b.binary(op, literal(c, t, 3), y), what + " of literal");
  if (!is_shift(op)) c.store(b.binary(op, y, y), what + " of itself");
  Value z = c.load(t);
  if (!is_shift(op) && op != Op::div && op != Op::rem)
    c.store(b.binary(op, x, z), what + " memory");
  if (!is_shift(op) && op != Op::div && op != Op::rem) c.store(b.binary(op, c.load(t), y), what);
}

void compare(Case& c, Op op, Type t) {
  Builder& b = c.b();
  std::string what = std::string(name_of(op)) + " " + t.text();
  Value x = c.load(t), y = c.load(t);
  c.store(b.compare(op, x, y), what);
  c.store(b.compare(op, x, x), what + " with itself");
  c.store(b.compare(op, x, literal(c, t, 1)), what + " literal");
  c.store(b.compare(op, literal(c, t, 1), y), what + " of literal");
  c.store(b.select(b.compare(op, c.load(t), y), x, y), what + " select");
  c.store(b.select(b.compare(op, y, x), literal(c, t, 9), literal(c, t, 0)), what + " literals");
}

void arithmetic(Case& c, Type t) {
  for (Op op :
       {Op::neg, Op::abs, Op::sqrt, Op::floor, Op::ceil, Op::trunc, Op::round, Op::bit_not}) {
    if (takes(op, t.elem)) c.store(c.b().unary(op, c.load(t)), std::string(name_of(op)));
  }
  for (Op op : {Op::add, Op::sub, Op::mul, Op::div, Op::rem, Op::min, Op::max, Op::bit_and,
                Op::bit_or, Op::bit_xor, Op::shl, Op::shr, Op::sar}) {
    if (takes(op, t.elem)) binary(c, op, t);
  }
  for (Op op : {Op::cmp_eq, Op::cmp_ne, Op::cmp_lt, Op::cmp_le, Op::cmp_gt, Op::cmp_ge}) {
    compare(c, op, t);
  }
}

void fused(Case& c, Type t) {
  Builder& b = c.b();
  Value x = c.load(t), y = c.load(t), z = c.load(t), k = literal(c, t, 2);
  c.store(b.fma(x, y, z), "fma");
  c.store(b.fma(x, x, x), "fma of itself");
  c.store(b.fma(k, y, z), "fma literal a");
  c.store(b.fma(x, k, z), "fma literal b");
  c.store(b.fma(x, y, k), "fma literal c");
  c.store(b.fma(k, y, literal(c, t, 7)), "fma literals a, c");
  c.store(b.fma(c.load(t), y, z), "fma memory a");
  c.store(b.fma(x, c.load(t), z), "fma memory b");
  c.store(b.fma(x, y, c.load(t)), "fma memory c");
  c.store(b.fma(k, c.load(t), z), "fma literal and memory");
  Value splat = b.load_splat(t, {b.pointer(2), {}, 1, 20});
  c.store(b.fma(splat, y, z), "fma splat");
  c.store(b.fma(x, y, z), "fma of dying values");
}

void lanes(Case& c, Type t) {
  Builder& b = c.b();
  Value x = c.load(t);
  c.store(b.splat(c.load({t.elem, 1}), t.lanes), "splat from memory");
  Value scalar = c.load({t.elem, 1});
  c.store(scalar, "scalar");
  c.store(b.splat(scalar, t.lanes), "splat");
  c.store(b.load_splat(t, {b.pointer(1), {}, 1, 72}), "load_splat");
  c.store(b.first(x), "first");
  if (loop::is_integer(t.elem)) c.store(b.lane_ids(t), "lane_ids");
  if (loop::bits_of(t.elem) == 32 && t.lanes == 4) {
    Value y = c.load(t);
    c.store(b.interleave_low(x, y), "interleave_low");
    c.store(b.interleave_high(y, x), "interleave_high");
    c.store(b.interleave_high(x, x), "interleave_high of itself");
    c.store(b.interleave_low(c.load(t), x), "interleave_low of memory");
  }
  if (t.elem == Elem::f16 || t.elem == Elem::bf16) return;
  for (Op op : {Op::reduce_add, Op::reduce_min, Op::reduce_max}) {
    c.store(b.reduce(op, x), std::string(name_of(op)) + " " + t.text());
  }
}

void masks(Case& c, Type t) {
  Builder& b = c.b();
  Type m{loop::mask_for(t.elem), t.lanes};
  for (int64_t n : {-3, 0, 1, 3, 64, 1000}) {
    Value count = b.add(b.bit_and(b.tile(), b.index(0)), b.index(n));
    c.store(b.first_n(m, count), "first_n " + std::to_string(n));
    c.store(b.first_n(m, b.index(n)), "first_n literal " + std::to_string(n));
  }
  Value x = b.first_n(m, b.index(1)),
        y = b.cmp_lt(c.load({Elem::i8, t.lanes}), b.integer({Elem::i8, t.lanes}, 0));
  y = b.convert(y, m.elem);
  c.store(b.bit_and(x, y), "mask and");
  c.store(b.bit_or(x, y), "mask or");
  c.store(b.bit_xor(x, y), "mask xor");
  c.store(b.bit_not(y), "mask not");
  c.store(b.select(x, y, b.bit_not(y)), "mask select");
  Value v = c.load(t);
  c.store(b.select(y, v, c.load(t)), "select");
  c.store(b.load(t, {b.pointer(1), {}, 1, 100}, y), "masked load");
  for (Elem index : {Elem::i32, Elem::i64}) {
    Type it{index, t.lanes};
    if (!c.fits(it)) continue;
    Value at = b.bit_and(c.load(it), b.integer(it, 255));
    c.store(b.gather(t, b.pointer(1), at, 4, 12), "gather");
    c.store(b.gather(t, b.pointer(1), at, 8, 0, y), "masked gather");
  }
  // Masked stores: over zeros, then read back.
  Value out = b.pointer(0);
  b.store(v, {out, {}, 1, 60000}, y);
  c.store(b.load(t, {out, {}, 1, 60000}), "masked store");
}

// Runs `body` for each element and lane count that the target holds.
template <size_t N>
void for_each_type(const char* target_name, const Elem (&elems)[N],
                   const std::function<void(Case&, Type)>& body) {
  Target target = target_named(target_name);
  if (!can_run(target)) GTEST_SKIP() << "the host lacks " << target_name;
  for (Elem elem : elems) {
    for (uint16_t n = 1; n <= 64 && n <= target.machine.lanes(elem); n *= 2) {
      Type t{elem, n};
      SCOPED_TRACE(t.text());
      Case c(target);
      body(c, t);
      c.check();
    }
  }
}

void convert_all(Case& c, Type t) {
  for (Elem to : kData) {
    if (!loop::can_convert(t.elem, to) || to == t.elem || !c.fits({to, t.lanes})) continue;
    std::string what = "convert " + t.text();
    if (to != Elem::bf16) c.store(c.b().convert(c.load(t), to), what + " memory");
    if (to != Elem::bf16) c.store(c.b().convert(c.load(t), to), what + " memory");
    Value tame = c.b().load(t, {c.b().pointer(2), {}, 1, 640});
    c.store(tame, what);
    c.store(c.b().convert(tame, to), what);
  }
}

void bitcast_all(Case& c, Type t) {
  for (Elem to : kData) {
    int n = t.bits() / loop::bits_of(to);
    if (n < 1 || n > 64) continue;
    c.store(c.b().bitcast(c.load(t), {to, static_cast<uint16_t>(n)}), "bitcast " + t.text());
  }
}

constexpr Elem kReals[] = {Elem::f32, Elem::f64};

}  // namespace

class OpTest : public testing::TestWithParam<const char*> {};

TEST_P(OpTest, Arithmetic) { for_each_type(GetParam(), kNumbers, arithmetic); }
TEST_P(OpTest, FusedMultiplyAdd) { for_each_type(GetParam(), kReals, fused); }
TEST_P(OpTest, AcrossLanes) { for_each_type(GetParam(), kData, lanes); }
TEST_P(OpTest, MasksAndMemory) { for_each_type(GetParam(), kData, masks); }
TEST_P(OpTest, Conversions) { for_each_type(GetParam(), kData, convert_all); }
TEST_P(OpTest, Bitcasts) { for_each_type(GetParam(), kData, bitcast_all); }

INSTANTIATE_TEST_SUITE_P(Isa, OpTest, testing::Values("avx512", "avx2"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace burin::isa
