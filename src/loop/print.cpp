// The printer: one walk that numbers values as their definitions are written.
#include "loop/print.h"

#include <bit>
#include <cmath>
#include <cstdlib>

#include "base/lexer.h"

namespace burin::loop {

namespace {

std::string hex(uint64_t bits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  do out.insert(out.begin(), kDigits[bits & 15]);
  while (bits >>= 4);
  return "0x" + out;
}

// The number between the brackets of a literal.
std::string literal_text(Type type, uint64_t bits) {
  if (type.elem == Elem::f64) {
    auto value = std::bit_cast<double>(bits);
    if (!std::isnan(value)) return real_text(value);
  } else if (type.elem == Elem::f32) {
    auto value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    std::string text = real_text(value);
    bool reads_back = static_cast<float>(std::strtod(text.c_str(), nullptr)) == value;
    if (!std::isnan(value) && reads_back) return text;
  } else if (!is_float(type.elem)) {
    return std::to_string(static_cast<int64_t>(bits));
  }
  return "bits " + hex(bits);
}

class Printer {
 public:
  explicit Printer(const Function& function) : f_(function), names_(f_.types.size()) {
    for (const Constant& c : f_.constants) {
      Type type = f_.type(c.value);
      names_[c.value.index] = type.text() + "(" + literal_text(type, c.bits) + ")";
    }
  }

  std::string run() {
    out_ = "kernel " + quote_text(f_.name) + "(";
    for (Value v : f_.pointers) out_ += define(v) + ", ";
    out_ += "tile " + define(f_.tile) + ") ";
    region(0);
    return out_ + "\n";
  }

 private:
  const std::string& define(Value v) { return names_[v.index] = "%" + std::to_string(next_++); }
  const std::string& use(Value v) const { return names_[v.index]; }

  void newline() { out_ += "\n" + std::string(2 * depth_, ' '); }

  void region(RegionId id) {
    const Region& region = f_.regions[id];
    out_ += "{";
    ++depth_;
    for (InstId inst : region.insts) {
      newline();
      instruction(f_.insts[inst]);
    }
    for (size_t k = 0; k < region.yields.size(); ++k) {
      if (k == 0) newline();
      out_ += (k == 0 ? "yield " : ", ") + use(region.yields[k]);
    }
    --depth_;
    newline();
    out_ += "}";
  }

  void instruction(const Inst& inst) {
    for (uint32_t k = 0; k < inst.result_count; ++k) {
      Value v{inst.result + k};
      out_ += (k ? ", " : "") + define(v) + ": " + f_.type(v).text();
    }
    if (inst.result_count) out_ += " = ";
    out_ += name_of(inst.op);
    if (inst.op == Op::loop) return loop(inst);
    if (inst.op == Op::branch) return branch(inst);
    if (inst.op >= Op::load && inst.op <= Op::prefetch) {
      memory(inst);
    } else {
      std::span<const Value> operands = f_.operands(inst);
      for (size_t i = 0; i < operands.size(); ++i) out_ += (i ? ", " : " ") + use(operands[i]);
    }
    source(inst);
  }

  void source(const Inst& inst) {
    if (inst.source != ~0u) out_ += " !" + std::to_string(inst.source);
  }

  void memory(const Inst& inst) {
    std::span<const Value> operands = f_.operands(inst);
    if (operands[3].valid()) out_ += " " + use(operands[3]) + ",";
    out_ += " [" + use(operands[0]);
    if (operands[1].valid()) out_ += " + " + use(operands[1]) + "*" + std::to_string(inst.scale);
    int64_t disp = inst.disp;
    if (disp) out_ += (disp < 0 ? " - " : " + ") + std::to_string(std::abs(disp));
    out_ += "]";
    if (operands[2].valid()) out_ += ", mask " + use(operands[2]);
  }

  void loop(const Inst& inst) {
    std::span<const Value> operands = f_.operands(inst);
    const Region& body = f_.regions[inst.body];
    out_ += " " + define(body.params[0]) + " = " + use(operands[0]) + " to " + use(operands[1]) +
            " step " + std::to_string(inst.imm);
    for (size_t k = 2; k < operands.size(); ++k) {
      out_ += (k == 2 ? " carry " : ", ") + define(body.params[k - 1]) + " = " + use(operands[k]);
    }
    source(inst);
    out_ += " ";
    region(inst.body);
  }

  void branch(const Inst& inst) {
    out_ += " " + use(f_.operands(inst)[0]);
    source(inst);
    out_ += " ";
    region(inst.body);
    if (inst.other == kNoRegion) return;
    out_ += " else ";
    region(inst.other);
  }

  const Function& f_;
  std::vector<std::string> names_;  // of each value
  std::string out_;
  size_t depth_ = 0;
  int next_ = 0;
};

}  // namespace

std::string print(const Function& function) { return Printer(function).run(); }

}  // namespace burin::loop
