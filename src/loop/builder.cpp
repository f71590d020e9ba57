// Loop-IR construction with folding of index arithmetic.
#include "loop/builder.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace burin::loop {

Builder::Builder(std::string name, int buffers) {
  function_.name = std::move(name);
  function_.regions.emplace_back();
  for (int i = 0; i < buffers; ++i) function_.pointers.push_back(new_value(kPointer));
  function_.tile = new_value(kIndex);
}

Function Builder::finish() { return std::move(function_); }

Value Builder::new_value(Type type) {
  function_.types.push_back(type);
  return {static_cast<uint32_t>(function_.types.size() - 1)};
}

Inst& Builder::append(Op op, std::initializer_list<Value> operands) {
  Inst inst;
  inst.op = op;
  inst.source = source_;
  inst.operands = static_cast<uint32_t>(function_.operand_pool.size());
  inst.operand_count = static_cast<uint16_t>(operands.size());
  function_.operand_pool.insert(function_.operand_pool.end(), operands);
  function_.insts.push_back(inst);
  function_.regions[region_].insts.push_back(static_cast<InstId>(function_.insts.size() - 1));
  return function_.insts.back();
}

Value Builder::append_value(Op op, Type type, std::initializer_list<Value> operands) {
  Value v = new_value(type);
  Inst& inst = append(op, operands);
  inst.result = v.index;
  inst.result_count = 1;
  return v;
}

Value Builder::bits(Type type, uint64_t element_bits) {
  element_bits = canonical_bits(type.elem, element_bits);
  uint64_t key = (element_bits * 31 + static_cast<uint64_t>(type.elem)) * 31 + type.lanes;
  for (Value v : literals_[key]) {
    if (this->type(v) == type && literal_bits_[v.index] == element_bits) return v;
  }
  Value v = new_value(type);
  function_.constants.push_back({v, element_bits});
  literals_[key].push_back(v);
  literal_bits_[v.index] = element_bits;
  return v;
}

Value Builder::integer(Type type, int64_t value) {
  return bits(type, static_cast<uint64_t>(value));
}

Value Builder::real(Type type, double value) {
  BURIN_CHECK(type.elem == Elem::f32 || type.elem == Elem::f64, "real literal of another type");
  if (type.elem == Elem::f64) return bits(type, std::bit_cast<uint64_t>(value));
  return bits(type, std::bit_cast<uint32_t>(static_cast<float>(value)));
}

std::optional<uint64_t> Builder::literal_bits(Value v) const {
  auto it = literal_bits_.find(v.index);
  if (it == literal_bits_.end()) return std::nullopt;
  return it->second;
}

bool Builder::is_index_constant(Value v, int64_t* out) const {
  auto it = literal_bits_.find(v.index);
  if (it == literal_bits_.end() || !(type(v) == kIndex)) return false;
  *out = static_cast<int64_t>(it->second);
  return true;
}

// Folds i64 scalars where a literal makes the result known; invalid if it cannot.
Value Builder::fold_index(Op op, Value a, Value b) {
  int64_t x = 0, y = 0;
  bool known_x = is_index_constant(a, &x), known_y = is_index_constant(b, &y);
  if (known_x && known_y) {
    switch (op) {
      case Op::add: return index(x + y);
      case Op::sub: return index(x - y);
      case Op::mul: return index(x * y);
      case Op::div: return y ? index(x / y) : Value{};
      case Op::rem: return y ? index(x % y) : Value{};
      case Op::min: return index(std::min(x, y));
      case Op::max: return index(std::max(x, y));
      default: return {};
    }
  }
  if (known_y && y == 0 && (op == Op::add || op == Op::sub)) return a;
  if (known_x && x == 0 && op == Op::add) return b;
  if (known_y && y == 1 && (op == Op::mul || op == Op::div)) return a;
  if (known_x && x == 1 && op == Op::mul) return b;
  if ((known_y && y == 0 && op == Op::mul) || (known_x && x == 0 && op == Op::mul)) return index(0);
  if (known_y && y == 1 && op == Op::rem) return index(0);
  return {};
}

Value Builder::unary(Op op, Value a) { return append_value(op, type(a), {a}); }

Value Builder::binary(Op op, Value a, Value b) {
  BURIN_CHECK(type(a) == type(b), "binary operands of different types");
  if (type(a) == kIndex) {
    if (Value folded = fold_index(op, a, b); folded.valid()) return folded;
  }
  return append_value(op, type(a), {a, b});
}

Value Builder::compare(Op op, Value a, Value b) {
  BURIN_CHECK(type(a) == type(b), "compared values of different types");
  return append_value(op, {mask_for(type(a).elem), type(a).lanes}, {a, b});
}

Value Builder::fma(Value a, Value b, Value c) {
  BURIN_CHECK(type(a) == type(b) && type(b) == type(c), "fma operands of different types");
  return append_value(Op::fma, type(a), {a, b, c});
}

Value Builder::select(Value mask, Value on_true, Value on_false) {
  BURIN_CHECK(type(on_true) == type(on_false), "select operands of different types");
  return append_value(Op::select, type(on_true), {mask, on_true, on_false});
}

Value Builder::convert(Value a, Elem to) {
  if (type(a).elem == to) return a;
  return append_value(Op::convert, {to, type(a).lanes}, {a});
}

Value Builder::bitcast(Value a, Type to) {
  BURIN_CHECK(type(a).bits() == to.bits(), "bitcast between sizes");
  return append_value(Op::bitcast, to, {a});
}

Value Builder::splat(Value scalar, uint16_t lanes) {
  if (lanes == 1) return scalar;
  return append_value(Op::splat, {type(scalar).elem, lanes}, {scalar});
}

Value Builder::first(Value a) {
  if (type(a).lanes == 1) return a;
  return append_value(Op::first, {type(a).elem, 1}, {a});
}

Value Builder::reduce(Op op, Value a) {
  if (type(a).lanes == 1) return a;
  return append_value(op, {type(a).elem, 1}, {a});
}

Value Builder::lane_ids(Type type) { return append_value(Op::lane_ids, type, {}); }

Value Builder::first_n(Type mask_type, Value n) {
  return append_value(Op::first_n, mask_type, {n});
}

Value Builder::dot(Op op, Value acc, Value a, Value b) {
  return append_value(op, type(acc), {acc, a, b});
}

Inst& Builder::append_memory(Op op, const Address& at, Value mask, Value value) {
  // Literal indices become displacements.
  int64_t disp = at.disp, literal = 0;
  Value index = at.index;
  if (index.valid() && type(index) == kIndex && is_index_constant(index, &literal)) {
    disp += literal * at.scale;
    index = {};
  }
  Value base = at.base;
  if (disp != static_cast<int32_t>(disp)) {  // beyond an instruction's reach
    base = append_value(Op::offset, kPointer, {base, this->index(disp), Value{}, Value{}});
    disp = 0;
  }
  Inst& inst = append(op, {base, index, mask, value});
  inst.scale = static_cast<uint8_t>(at.scale);
  inst.disp = static_cast<int32_t>(disp);
  return inst;
}

Value Builder::load(Type type, const Address& at, Value mask) {
  append_memory(Op::load, at, mask, {});
  Value v = new_value(type);
  function_.insts.back().result = v.index;
  function_.insts.back().result_count = 1;
  return v;
}

Value Builder::load_splat(Type type, const Address& at) {
  append_memory(Op::load_splat, at, {}, {});
  Value v = new_value(type);
  function_.insts.back().result = v.index;
  function_.insts.back().result_count = 1;
  return v;
}

Value Builder::gather(Type type, Value base, Value indices, int scale, int64_t disp, Value mask) {
  append_memory(Op::gather, {base, indices, scale, disp}, mask, {});
  Value v = new_value(type);
  function_.insts.back().result = v.index;
  function_.insts.back().result_count = 1;
  return v;
}

void Builder::store(Value value, const Address& at, Value mask) {
  append_memory(Op::store, at, mask, value);
}

void Builder::stream(Value value, const Address& at) { append_memory(Op::stream, at, {}, value); }

Value Builder::offset(const Address& at) {
  int64_t literal = 0;
  bool no_index = !at.index.valid() || (is_index_constant(at.index, &literal) && literal == 0);
  if (no_index && at.disp == 0) return at.base;
  append_memory(Op::offset, at, {}, {});
  Value v = new_value(kPointer);
  function_.insts.back().result = v.index;
  function_.insts.back().result_count = 1;
  return v;
}

void Builder::prefetch(const Address& at) { append_memory(Op::prefetch, at, {}, {}); }

RegionId Builder::open_region() {
  function_.regions.emplace_back();
  return static_cast<RegionId>(function_.regions.size() - 1);
}

std::vector<Value> Builder::loop(Value lo, Value hi, int64_t step, std::span<const Value> init,
                                 const LoopBody& body) {
  Inst& inst = append(Op::loop, {lo, hi});
  auto id = static_cast<InstId>(function_.insts.size() - 1);
  inst.imm = step;
  function_.operand_pool.insert(function_.operand_pool.end(), init.begin(), init.end());
  inst.operand_count = static_cast<uint16_t>(2 + init.size());

  RegionId outer = region_;
  region_ = open_region();
  function_.insts[id].body = region_;
  std::vector<Value> params = {new_value(kIndex)};
  for (Value v : init) params.push_back(new_value(type(v)));
  function_.regions[region_].params = params;
  std::vector<Value> next = body(params[0], std::span(params).subspan(1));
  BURIN_CHECK(next.size() == init.size(), "loop body yields another number of values");
  function_.regions[region_].yields = std::move(next);
  region_ = outer;

  std::vector<Value> results;
  for (Value v : init) results.push_back(new_value(type(v)));
  if (!results.empty()) function_.insts[id].result = results[0].index;
  function_.insts[id].result_count = static_cast<uint16_t>(results.size());
  return results;
}

void Builder::loop(Value lo, Value hi, int64_t step, const std::function<void(Value)>& body) {
  loop(lo, hi, step, {}, [&](Value i, std::span<const Value>) {
    body(i);
    return std::vector<Value>{};
  });
}

void Builder::branch(Value condition, const std::function<void()>& then,
                     const std::function<void()>& otherwise) {
  append(Op::branch, {condition});
  auto id = static_cast<InstId>(function_.insts.size() - 1);
  RegionId outer = region_;
  region_ = open_region();
  function_.insts[id].body = region_;
  then();
  if (otherwise) {
    region_ = open_region();
    function_.insts[id].other = region_;
    otherwise();
  }
  region_ = outer;
}

}  // namespace burin::loop
