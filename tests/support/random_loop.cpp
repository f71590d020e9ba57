// The generator: a pool of values in scope, and actions that add to it. NaNs keep no particular
// bits, so float bits are only looked at when they come straight from memory.
#include "tests/support/random_loop.h"

#include <algorithm>
#include <cstring>

#include "base/rng.h"
#include "loop/builder.h"

namespace burin::loop {

namespace {

// In-range reads start within the first 8 KiB; writes inside loops are confined to slots.
constexpr int64_t kSlotBytes = 128;

class Generator {
 public:
  Generator(uint64_t seed, const RandomLoopOptions& options)
      : rng_(seed), options_(options), b_("random_" + std::to_string(seed), 3) {}

  Function run() {
    pool_.push_back(b_.tile());
    actions(options_.instructions);
    std::vector<Value> all = pool_;
    for (Value v : all) store_result(v);
    return b_.finish();
  }

 private:
  int64_t below(int64_t n) { return rng_.below(n); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[below(static_cast<int64_t>(choices.size()))];
  }

  uint16_t most_lanes(Elem e) {
    return static_cast<uint16_t>(std::min(64, options_.vector_bits / bits_of(e)));
  }
  uint16_t lanes(Elem e) {
    int most = most_lanes(e);
    if (chance(25)) return 1;
    if (chance(50)) return static_cast<uint16_t>(most);
    int n = 1;
    while (n < most && chance(60)) n *= 2;
    return static_cast<uint16_t>(n);
  }
  bool fits(Elem e, uint16_t n) { return n <= most_lanes(e); }
  Elem real_elem() { return chance(70) ? Elem::f32 : Elem::f64; }
  Elem word_elem() {
    return pick({Elem::i32, Elem::i32, Elem::u32, Elem::i64, Elem::i64, Elem::u64});
  }
  Elem integer_elem() {
    return chance(70) ? word_elem() : pick({Elem::i8, Elem::u8, Elem::i16, Elem::u16});
  }
  Elem number_elem() { return chance(50) ? real_elem() : integer_elem(); }
  Elem data_elem() { return chance(90) ? number_elem() : pick({Elem::f16, Elem::bf16}); }
  Type typed(Elem e) { return {e, lanes(e)}; }

  // A value of the type: one in scope, or a new one.
  Value get(Type type) {
    std::vector<Value> candidates;
    for (Value v : pool_) {
      if (b_.type(v) == type) candidates.push_back(v);
    }
    if (!candidates.empty() && chance(80)) {
      return candidates[static_cast<size_t>(below(static_cast<int64_t>(candidates.size())))];
    }
    return fresh(type);
  }

  Value fresh(Type type) {
    if (is_mask(type.elem)) return fresh_mask(type);
    if (type.elem == Elem::ptr) return b_.offset({input(), masked_index(), 8, below(64)});
    if (is_integer(type.elem) && chance(30)) return b_.integer(type, below(200) - 100);
    if (is_real(type.elem) && chance(30)) return b_.real(type, rng_.uniform(-3, 3));
    return load(type, type.elem == Elem::f32 && chance(70) ? b_.pointer(2) : input());
  }

  Value fresh_mask(Type type) {
    if (chance(10)) return b_.constant_mask(type, chance(50));
    if (chance(40)) return b_.first_n(type, chance(50) ? b_.index(below(20) - 2) : masked_index());
    Elem e = Elem::i8;
    while (mask_for(e) != type.elem || !is_integer(e)) e = integer_elem();
    if (!fits(e, type.lanes)) return b_.first_n(type, b_.index(below(70)));
    Value x = get({e, type.lanes});
    return b_.cmp_lt(x, b_.integer({e, type.lanes}, below(50)));
  }

  // An input, or a pointer a little into one.
  Value input() {
    if (chance(15)) return get(kPointer);
    return b_.pointer(1 + static_cast<int>(below(2)));
  }
  // An i64 in [0, 64).
  Value masked_index() { return b_.bit_and(get(kIndex), b_.index(63)); }

  Address address(Value base) {
    Value far = b_.offset({base, {}, 1, 4096});
    int scale = pick({1, 2, 4, 8});
    if (chance(40)) return {base, masked_index(), scale, below(512)};
    if (chance(50)) return {far, masked_index(), scale, -below(4096)};
    return {base, {}, 1, below(2048)};
  }

  Value load(Type type, Value base) {
    Value mask = chance(25) ? get({mask_for(type.elem), type.lanes}) : Value{};
    return b_.load(type, address(base), mask);
  }

  void unary() {
    Elem e = number_elem();
    if (is_real(e) && chance(60)) {
      Op op = pick({Op::sqrt, Op::floor, Op::ceil, Op::trunc, Op::round});
      return add(b_.unary(op, get(typed(e))));
    }
    if (is_integer(e) && chance(40)) return add(b_.bit_not(get(typed(e))));
    add(b_.unary(pick({Op::neg, Op::abs}), get(typed(e))));
  }

  void binary() {
    Type type = typed(number_elem());
    if (is_integer(type.elem) && bits_of(type.elem) >= 32 && chance(50)) return word_binary(type);
    if (is_integer(type.elem) && chance(30)) {
      return add(b_.binary(pick({Op::bit_and, Op::bit_or, Op::bit_xor}), get(type), get(type)));
    }
    Op op = pick({Op::add, Op::sub, Op::min, Op::max});
    if (is_real(type.elem)) op = pick({op, Op::mul, Op::div});
    add(b_.binary(op, get(type), get(type)));
  }

  // Multiplication, shifts and division of 32 and 64 bits, with counts and divisors in range.
  void word_binary(Type type) {
    Value a = get(type), n = get(type);
    if (chance(40)) return add(b_.mul(a, n));
    if (chance(60)) {
      Value count = b_.bit_and(n, b_.integer(type, bits_of(type.elem) - 1));
      return add(b_.binary(pick({Op::shl, Op::shr, Op::sar}), a, count));
    }
    Value one = b_.integer(type, 1), divisor = b_.bit_or(b_.bit_and(n, b_.integer(type, 63)), one);
    if (chance(50)) divisor = b_.bit_xor(b_.bit_or(n, b_.integer(type, 3)), one);  // even, not 0
    add(b_.binary(pick({Op::div, Op::rem}), a, divisor));
  }

  void float_bits() {
    Type type = typed(real_elem());
    Value a = b_.load(type, address(input())), c = b_.load(type, address(input()));
    add(b_.binary(pick({Op::bit_and, Op::bit_or, Op::bit_xor}), a, c));
  }

  void fma() {
    Type type = typed(real_elem());
    add(b_.fma(get(type), get(type), get(type)));
  }

  void compare() {
    Type type = typed(number_elem());
    Op op = pick({Op::cmp_eq, Op::cmp_ne, Op::cmp_lt, Op::cmp_le, Op::cmp_gt, Op::cmp_ge});
    add(b_.compare(op, get(type), get(type)));
  }

  void mask_logic() {
    Type type = typed(number_elem());
    type.elem = mask_for(type.elem);
    if (chance(25)) return add(b_.bit_not(get(type)));
    if (chance(30)) {
      Elem to = pick({Elem::m8, Elem::m16, Elem::m32, Elem::m64});
      if (type.lanes <= most_lanes(to)) return add(b_.convert(get(type), to));
    }
    add(b_.binary(pick({Op::bit_and, Op::bit_or, Op::bit_xor}), get(type), get(type)));
  }

  void select() {
    Type type = typed(data_elem()), mask{mask_for(type.elem), type.lanes};
    if (chance(15)) type = mask;
    add(b_.select(get(mask), get(type), get(type)));
  }

  void convert() {
    Type to = typed(data_elem());
    Elem from = data_elem();
    while (!can_convert(from, to.elem) || from == to.elem || !fits(from, to.lanes)) {
      to = typed(data_elem());
      from = data_elem();
    }
    Type source{from, to.lanes};
    bool tame = to.elem == Elem::bf16;  // targets may flush what is subnormal
    add(b_.convert(tame ? b_.load(source, address_in_tame()) : get(source), to.elem));
  }
  Address address_in_tame() { return {b_.pointer(2), masked_index(), 4, below(512) * 4}; }

  void bitcast() {
    Elem from = data_elem(), to = data_elem();
    int bits = options_.vector_bits >> below(3);
    if (chance(30)) bits = bits_of(from);
    if (bits < bits_of(from) || bits < bits_of(to)) return;
    auto count = [&](Elem e) { return static_cast<uint16_t>(bits / bits_of(e)); };
    Type type{from, count(from)};
    Value v = is_float(from) ? b_.load(type, address(input())) : get(type);
    add(b_.bitcast(v, {to, count(to)}));
  }

  void across_lanes() {
    Elem e = number_elem();
    Value vector = get({e, most_lanes(e)});
    switch (below(5)) {
      case 0: return add(b_.splat(get({e, 1}), std::max<uint16_t>(2, lanes(e))));
      case 1: return add(b_.first(vector));
      case 2: return add(b_.reduce(pick({Op::reduce_add, Op::reduce_min, Op::reduce_max}), vector));
      case 3: return interleave();
      default: return add(b_.lane_ids(typed(word_elem())));
    }
  }

  void interleave() {
    Type type{pick({Elem::f32, Elem::i32, Elem::u32}), 4};
    Value x = get(type), y = get(type);
    add(chance(50) ? b_.interleave_low(x, y) : b_.interleave_high(x, y));
  }

  void memory() {
    Type type = typed(data_elem());
    if (chance(30)) return add(b_.load_splat(type, address(input())));
    if (chance(50)) return add(load(type, input()));
    Type index{chance(60) ? Elem::i32 : Elem::i64, type.lanes};
    if (bits_of(type.elem) < 32 || !fits(index.elem, index.lanes)) return;
    Value indices = b_.bit_and(get(index), b_.integer(index, 63));
    Value mask = chance(30) ? get({mask_for(type.elem), type.lanes}) : Value{};
    add(b_.gather(type, input(), indices, pick({1, 2, 4, 8}), below(512), mask));
  }

  // Integers only: their bytes are exact, wherever they overlap.
  void store_inside() {
    Type type = typed(integer_elem());
    Address at{b_.pointer(0), b_.bit_and(get(kIndex), b_.index(7)), 8, next_output(kSlotBytes)};
    if (at.disp < 0) return;
    Value mask = chance(50) ? get({mask_for(type.elem), type.lanes}) : Value{};
    b_.store(get(type), at, mask);
    if (chance(20)) b_.prefetch(at);
  }

  void dot() {
    if (!options_.dots) return;
    if (chance(50)) {
      auto n = static_cast<uint16_t>(most_lanes(Elem::i8) >> below(2));
      Type acc{Elem::i32, static_cast<uint16_t>(n / 4)};
      return add(b_.dot(Op::dot_u8i8, get(acc), get({Elem::u8, n}), get({Elem::i8, n})));
    }
    auto n = static_cast<uint16_t>(most_lanes(Elem::f32) >> below(2));
    if (n < 2) return;
    auto small = [&] {  // integers, so that no rounding tells the orders of summation apart
      Value x = b_.round(b_.load({Elem::f32, n}, address_in_tame()));
      return b_.convert(x, Elem::bf16);
    };
    Type acc{Elem::f32, static_cast<uint16_t>(n / 2)};
    add(b_.dot(Op::dot_bf16, b_.round(b_.load(acc, address_in_tame())), small(), small()));
  }

  void loop() {
    std::vector<Value> init;
    while (chance(60) && init.size() < 4) {
      Type type = chance(80) ? typed(number_elem()) : typed(Elem::i64);
      if (chance(15)) type.elem = mask_for(type.elem);
      init.push_back(get(type));
    }
    if (chance(20)) init.push_back(get(kPointer));
    int64_t lo = below(4);
    Value hi = chance(60) ? b_.index(lo + below(7)) : b_.bit_and(get(kIndex), b_.index(7));
    size_t outer = pool_.size();
    ++depth_;
    auto results =
        b_.loop(b_.index(lo), hi, 1 + below(3), init, [&](Value i, std::span<const Value> carried) {
          pool_.push_back(i);
          pool_.insert(pool_.end(), carried.begin(), carried.end());
          actions(2 + below(6));
          std::vector<Value> next;
          for (Value v : carried) next.push_back(advance(v));
          return next;
        });
    --depth_;
    pool_.resize(outer);
    for (Value v : results) add(v);
  }

  // What a loop yields for a carried value; pointers move a little so that they stay in range.
  Value advance(Value carried) {
    if (b_.type(carried).elem != Elem::ptr) return get(b_.type(carried));
    return b_.offset({carried, masked_index(), 1, below(8)});
  }

  void branch() {
    auto body = [&] {
      size_t outer = pool_.size();
      ++depth_;
      store_inside();
      actions(below(5));
      --depth_;
      pool_.resize(outer);
    };
    Value condition = get({mask_for(number_elem()), 1});
    if (chance(50)) return b_.branch(condition, body);
    b_.branch(condition, body, body);
  }

  void add(Value v) { pool_.push_back(v); }

  void actions(int64_t n) {
    using Action = void (Generator::*)();
    static constexpr Action kActions[] = {
        &Generator::binary,       &Generator::binary,       &Generator::binary,  &Generator::unary,
        &Generator::unary,        &Generator::fma,          &Generator::compare, &Generator::select,
        &Generator::mask_logic,   &Generator::convert,      &Generator::convert, &Generator::memory,
        &Generator::memory,       &Generator::across_lanes, &Generator::bitcast, &Generator::dot,
        &Generator::store_inside, &Generator::float_bits};
    for (int64_t i = 0; i < n; ++i) {
      if (depth_ < 2 && chance(5)) {
        loop();
      } else if (depth_ < 2 && chance(5)) {
        branch();
      } else {
        (this->*kActions[below(std::size(kActions))])();
      }
    }
  }

  // Where the next bytes of output go; -1 when it is full.
  int64_t next_output(int64_t bytes) {
    if (output_ + bytes > kRandomLoopBytes) return -1;
    output_ += bytes;
    return output_ - bytes;
  }

  void store_result(Value v) {
    Type type = b_.type(v);
    if (type.elem == Elem::ptr) return;
    if (is_mask(type.elem)) {
      Type byte{Elem::i8, type.lanes};
      v = b_.select(b_.convert(v, Elem::m8), b_.integer(byte, 1), b_.integer(byte, 0));
    }
    int64_t at = next_output(64);
    if (at < 0) return;
    // Buffers are aligned for 128 bits.
    bool stream = b_.type(v).bits() == 128 && rng_.below(2) == 0;
    Address to{b_.pointer(0), {}, 1, at};
    stream ? b_.stream(v, to) : b_.store(v, to);
  }

  Rng rng_;
  RandomLoopOptions options_;
  Builder b_;
  std::vector<Value> pool_;
  int depth_ = 0;
  int64_t output_ = 0;
};

bool is_nan(Elem elem, const uint8_t* bytes) {
  uint64_t bits = 0;
  std::memcpy(&bits, bytes, static_cast<size_t>(bits_of(elem)) / 8);
  switch (elem) {
    case Elem::f16: return (bits & 0x7fff) > 0x7c00;
    case Elem::bf16: return (bits & 0x7fff) > 0x7f80;
    case Elem::f32: return (bits & 0x7fffffff) > 0x7f800000;
    case Elem::f64: return (bits & ~(uint64_t{1} << 63)) > uint64_t{0x7ff} << 52;
    default: return false;
  }
}

// Makes NaNs equal where the function stores floats.
std::vector<uint8_t> canonical(const Function& f, std::vector<uint8_t> bytes) {
  for (InstId id : f.regions[0].insts) {
    const Inst& inst = f.insts[id];
    if (!is_store(inst.op) || f.operands(inst)[1].valid()) continue;
    Type type = f.type(f.operands(inst)[3]);
    auto size = static_cast<size_t>(bits_of(type.elem)) / 8;
    for (size_t i = 0; i < type.lanes; ++i) {
      uint8_t* lane = bytes.data() + inst.disp + i * size;
      if (is_nan(type.elem, lane)) std::memset(lane, 0xff, size);
    }
  }
  return bytes;
}

}  // namespace

Function random_loop(uint64_t seed, const RandomLoopOptions& options) {
  return Generator(seed, options).run();
}

std::vector<std::vector<uint8_t>> random_loop_buffers(uint64_t seed) {
  Rng rng(seed ^ 0x5eed);
  std::vector<std::vector<uint8_t>> buffers(3, std::vector<uint8_t>(kRandomLoopBytes));
  for (uint8_t& byte : buffers[1]) byte = static_cast<uint8_t>(rng.next() >> 24);
  for (size_t i = 0; i + 4 <= buffers[2].size(); i += 4) {
    auto value = static_cast<float>(rng.uniform(-4, 4));
    std::memcpy(&buffers[2][i], &value, 4);
  }
  return buffers;
}

bool same_random_loop_output(const Function& function, const std::vector<uint8_t>& a,
                             const std::vector<uint8_t>& b, std::string* where) {
  std::vector<uint8_t> x = canonical(function, a), y = canonical(function, b);
  auto [at, other] = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
  if (at == x.end()) return true;
  *where = "byte " + std::to_string(at - x.begin()) + " of the output differs";
  return false;
}

}  // namespace burin::loop
