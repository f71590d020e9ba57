// A list of what matters is made once; for each range of tiles one walk over it. Loops are walked
// once, with the counter's whole range; both sides of a branch are.
#include "loop/footprint.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

#include "base/checked.h"

namespace burin::loop {

namespace {

int64_t clamp(int64_t x) { return std::clamp(x, -kFarByte, kFarByte); }

int64_t add(int64_t a, int64_t b) { return clamp(a + b); }

int64_t multiply(int64_t a, int64_t b) {
  int64_t product;
  if (!__builtin_mul_overflow(a, b, &product)) return clamp(product);
  return (a < 0) == (b < 0) ? kFarByte : -kFarByte;
}

bool is_unknown(int64_t bound) { return std::abs(bound) >= kFarByte / 2; }

}  // namespace

Footprint::Footprint(const Function& function)
    : f_(function),
      advances_(function),
      items_(function.regions.size()),
      known_(function.types.size()) {
  for (const Constant& c : f_.constants) {
    auto value = clamp(static_cast<int64_t>(c.bits));
    known_[c.value.index].range = {value, value};
  }
  for (size_t v = 0; v < f_.types.size(); ++v) {
    if (is_mask(f_.types[v].elem)) known_[v].range = {0, f_.types[v].lanes};
  }
  for (size_t p = 0; p < f_.pointers.size(); ++p) {
    known_[f_.pointers[p].index] = {{0, 0}, static_cast<int32_t>(p)};
  }
  latest_.resize(f_.types.size());
  for (RegionId region = 0; region < f_.regions.size(); ++region) collect(region);
  latest_ = {};
}

std::vector<Touched> Footprint::of_tiles(int64_t first, int64_t end) {
  touched_.assign(f_.pointers.size(), {});
  escaped_ = false;
  if (first < end) {
    known_[f_.tile.index].range = {first, end - 1};
    walk(0);
  }
  if (escaped_) touched_.assign(f_.pointers.size(), {{-kFarByte, kFarByte}, true});
  return touched_;
}

bool Footprint::matters(const Inst& inst) const {
  if (inst.op == Op::loop || inst.op == Op::branch) return true;
  if (inst.result_count != 1) return false;
  Type type = f_.type({inst.result});
  return type == kIndex || type == kPointer || is_mask(type.elem);
}

void Footprint::collect(RegionId region) {
  for (InstId id : f_.regions[region].insts) {
    const Inst& inst = f_.insts[id];
    if (is_store(inst.op) || inst.op == Op::load || inst.op == Op::load_splat ||
        inst.op == Op::gather) {
      collect_access(region, inst);
    }
    if (matters(inst)) items_[region].push_back({id, {}});
  }
}

void Footprint::collect_access(RegionId region, const Inst& inst) {
  std::span<const Value> operands = f_.operands(inst);
  Type type = is_store(inst.op) ? f_.type(operands[3]) : f_.type({inst.result});
  Access access{operands[0], operands[1], operands[2], inst.scale};
  access.anywhere = inst.op == Op::gather;
  access.writes = is_store(inst.op);
  access.lane_bytes = bits_of(type.elem) / 8;
  int64_t lanes = inst.op == Op::load_splat ? 1 : type.lanes;
  access.bytes = {inst.disp, inst.disp + lanes * access.lane_bytes};
  std::vector<Item>& items = items_[region];
  size_t& latest = latest_[access.base.index];
  if (latest < items.size()) {
    Access& before = items[latest].access;
    if (before.base == access.base && before.index == access.index &&
        before.scale == access.scale && !before.mask.valid() && !access.mask.valid() &&
        !before.anywhere && !access.anywhere && before.writes == access.writes) {
      before.bytes.cover(access.bytes);
      return;
    }
  }
  latest = items.size();
  items.push_back({0, access});
}

void Footprint::walk(RegionId region) {
  for (const Item& item : items_[region]) {
    if (item.access.base.valid()) {
      touch(item.access);
      continue;
    }
    const Inst& inst = f_.insts[item.inst];
    if (inst.op == Op::loop) {
      walk_loop(inst);
    } else if (inst.op == Op::branch) {
      walk(inst.body);
      if (inst.other != kNoRegion) walk(inst.other);
    } else {
      compute(inst);
    }
  }
}

void Footprint::walk_loop(const Inst& inst) {
  std::span<const Value> operands = f_.operands(inst);
  const Region& body = f_.regions[inst.body];
  Interval from = range(operands[0]), until = range(operands[1]);
  bool runs = from.lo < until.hi;
  int64_t last = clamp(until.hi - 1);
  if (runs && from.lo == from.hi) last -= (last - from.lo) % inst.imm;
  known_[body.params[0].index].range = {from.lo, last};
  // Turns of the loop, at least and at most.
  int64_t least = until.lo > from.hi ? ceil_div(until.lo - from.hi, inst.imm) : 0;
  int64_t most = runs ? ceil_div(until.hi - from.lo, inst.imm) : 0;
  for (size_t k = 2; k < operands.size(); ++k) {
    Known start = known_[operands[k].index], end = start;
    if (is_mask(f_.type(operands[k]).elem)) {
      start.range = end.range = {0, f_.type(operands[k]).lanes};
    } else if (runs) {
      Interval step = per_turn(advances_.of(inst.body, k - 2));
      auto after = [&](int64_t turns, int64_t all) {
        return Interval{
            add(start.range.lo, std::min(multiply(step.lo, turns), multiply(step.lo, all))),
            add(start.range.hi, std::max(multiply(step.hi, turns), multiply(step.hi, all)))};
      };
      end.range = after(least, most);
      start.range = after(0, most - 1);
    }
    known_[body.params[k - 1].index] = start;
    known_[inst.result + k - 2] = end;
  }
  if (!runs) return;
  walk(inst.body);
  for (size_t k = 2; k < operands.size(); ++k) {
    if (f_.type(operands[k]) != kPointer) continue;
    // Of another buffer than it began with: what came before may be wrong.
    if (known_[body.yields[k - 2].index].buffer != known_[operands[k].index].buffer)
      escaped_ = true;
  }
}

Footprint::Interval Footprint::per_turn(const Advance& advance) const {
  if (!advance.known) return {};
  Interval step{advance.constant, advance.constant};
  for (auto [value, factor] : advance.terms) {
    step.lo = add(step.lo, multiply(range(value).lo, factor));
    step.hi = add(step.hi, multiply(range(value).hi, factor));
  }
  return step;
}

void Footprint::compute(const Inst& inst) {
  std::span<const Value> operands = f_.operands(inst);
  Known& result = known_[inst.result];
  Type type = f_.type({inst.result});
  if (is_mask(type.elem)) {
    int64_t lanes = type.lanes;
    if (inst.op == Op::first_n) lanes = std::clamp<int64_t>(range(operands[0]).hi, 0, lanes);
    if (inst.op == Op::bit_and) lanes = std::min(range(operands[0]).hi, range(operands[1]).hi);
    result.range = {0, lanes};
    return;
  }
  if (inst.op == Op::offset) {
    result = known_[operands[0].index];
    Interval index{0, 0};
    if (operands[1].valid()) index = range(operands[1]);
    result.range.lo = add(result.range.lo, add(multiply(index.lo, inst.scale), inst.disp));
    result.range.hi = add(result.range.hi, add(multiply(index.hi, inst.scale), inst.disp));
    return;
  }
  result.buffer = kNoBuffer;
  if (type == kIndex) result.range = arithmetic(inst);
  if (inst.op == Op::select && type == kPointer) {
    const Known &a = known_[operands[1].index], &b = known_[operands[2].index];
    result.range = {std::min(a.range.lo, b.range.lo), std::max(a.range.hi, b.range.hi)};
    if (a.buffer == b.buffer) result.buffer = a.buffer;
  }
}

Footprint::Interval Footprint::arithmetic(const Inst& inst) const {
  std::span<const Value> operands = f_.operands(inst);
  auto at = [&](size_t i) { return range(operands[i]); };
  auto hull = [](std::initializer_list<int64_t> bounds) {
    return Interval{std::min(bounds), std::max(bounds)};
  };
  switch (inst.op) {
    case Op::neg: return {-at(0).hi, -at(0).lo};
    case Op::add: return {add(at(0).lo, at(1).lo), add(at(0).hi, at(1).hi)};
    case Op::sub: return {add(at(0).lo, -at(1).hi), add(at(0).hi, -at(1).lo)};
    case Op::mul:
      return hull({multiply(at(0).lo, at(1).lo), multiply(at(0).lo, at(1).hi),
                   multiply(at(0).hi, at(1).lo), multiply(at(0).hi, at(1).hi)});
    case Op::min: return {std::min(at(0).lo, at(1).lo), std::min(at(0).hi, at(1).hi)};
    case Op::max: return {std::max(at(0).lo, at(1).lo), std::max(at(0).hi, at(1).hi)};
    case Op::select: return {std::min(at(1).lo, at(2).lo), std::max(at(1).hi, at(2).hi)};
    case Op::bit_and:
      if (at(1).lo < 0) return {};
      return {0, at(0).lo >= 0 ? std::min(at(0).hi, at(1).hi) : at(1).hi};
    case Op::div: {
      Interval a = at(0), d = at(1);
      if (d.lo != d.hi || d.lo <= 0 || is_unknown(a.lo) || is_unknown(a.hi)) return {};
      return {a.lo / d.lo, a.hi / d.lo};
    }
    case Op::rem: {
      Interval a = at(0), d = at(1);
      if (d.lo != d.hi || d.lo <= 0) return {};
      if (a.lo >= 0 && a.lo / d.lo == a.hi / d.lo) return {a.lo % d.lo, a.hi % d.lo};
      return {a.lo >= 0 ? 0 : 1 - d.lo, std::min(d.lo - 1, std::max<int64_t>(a.hi, 0))};
    }
    default: return {};
  }
}

void Footprint::touch(const Access& access) {
  const Known& base = known_[access.base.index];
  if (base.buffer == kNoBuffer) {
    escaped_ = true;
    return;
  }
  Touched& touched = touched_[static_cast<size_t>(base.buffer)];
  ByteRange bytes = access.bytes;
  if (access.mask.valid()) {
    bytes.end = std::min(bytes.end, bytes.begin + range(access.mask).hi * access.lane_bytes);
    if (bytes.empty()) return;
  }
  touched.written |= access.writes;
  if (access.anywhere) {
    touched.bytes = {-kFarByte, kFarByte};
    return;
  }
  Interval index{0, 0};
  if (access.index.valid()) index = range(access.index);
  int64_t lo = add(base.range.lo, multiply(index.lo, access.scale));
  int64_t hi = add(base.range.hi, multiply(index.hi, access.scale));
  touched.bytes.cover({add(lo, bytes.begin), add(hi, bytes.end)});
}

}  // namespace burin::loop
