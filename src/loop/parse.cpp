// A recursive-descent parser: statements define names in the order of the text.
#include "loop/parse.h"

#include <bit>
#include <charconv>
#include <map>
#include <optional>
#include <unordered_map>

#include "base/lexer.h"
#include "loop/verify.h"

namespace burin::loop {

namespace {

// "f32x16", "i64"
std::optional<Type> type_from_text(std::string_view text) {
  size_t x = text.rfind('x');
  Type type;
  if (x != std::string_view::npos) {
    const char* end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data() + x + 1, end, type.lanes);
    if (error != std::errc{} || stop != end) return std::nullopt;
  }
  auto elem = elem_from_name(text.substr(0, x));
  if (!elem) return std::nullopt;
  type.elem = *elem;
  return type;
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view name) : lexer_(text, name) {}

  Result<Function> run() {
    BURIN_TRY(lexer_.expect("kernel"));
    BURIN_ASSIGN(f_.name, lexer_.string());
    BURIN_TRY(lexer_.expect("("));
    while (!lexer_.accept("tile")) {
      BURIN_ASSIGN(Value pointer, define(kPointer));
      f_.pointers.push_back(pointer);
      BURIN_TRY(lexer_.expect(","));
    }
    BURIN_ASSIGN(f_.tile, define(kIndex));
    BURIN_TRY(lexer_.expect(")"));
    BURIN_TRY(region());
    if (!lexer_.at_end()) return lexer_.fail_here("text after the kernel");
    BURIN_TRY(verify(f_));
    return std::move(f_);
  }

 private:
  Value new_value(Type type) {
    f_.types.push_back(type);
    return {static_cast<uint32_t>(f_.types.size() - 1)};
  }

  // A name that is not taken yet.
  Result<Value> define(Type type) {
    Token at = lexer_.peek();
    BURIN_ASSIGN(std::string_view name, lexer_.name('%'));
    Value v = new_value(type);
    if (!names_.emplace(name, v).second) return lexer_.fail_at(at, "a value defined twice");
    return v;
  }

  Result<Type> type() {
    Token at = lexer_.peek();
    BURIN_ASSIGN(std::string_view text, lexer_.identifier());
    if (auto type = type_from_text(text)) return *type;
    return lexer_.fail_at(at, "not a type: " + std::string(text));
  }

  // A name or a literal.
  Result<Value> operand() {
    if (lexer_.peek().kind != TokenKind::name) return literal();
    Token at = lexer_.peek();
    BURIN_ASSIGN(std::string_view name, lexer_.name('%'));
    auto found = names_.find(name);
    if (found == names_.end()) return lexer_.fail_at(at, "no value of this name above");
    return found->second;
  }

  Result<Value> literal() {
    BURIN_ASSIGN(Type type, this->type());
    BURIN_TRY(lexer_.expect("("));
    uint64_t bits = 0;
    if (lexer_.accept("bits")) {
      BURIN_ASSIGN(bits, lexer_.bits());
    } else if (type.elem == Elem::f64) {
      BURIN_ASSIGN(double value, lexer_.number());
      bits = std::bit_cast<uint64_t>(value);
    } else if (type.elem == Elem::f32) {
      BURIN_ASSIGN(double value, lexer_.number());
      bits = std::bit_cast<uint32_t>(static_cast<float>(value));
    } else {
      BURIN_ASSIGN(int64_t value, lexer_.integer());
      bits = static_cast<uint64_t>(value);
    }
    BURIN_TRY(lexer_.expect(")"));
    bits = canonical_bits(type.elem, bits);
    auto [at, is_new] = literals_.try_emplace({type.elem, type.lanes, bits});
    if (is_new) {
      at->second = new_value(type);
      f_.constants.push_back({at->second, bits});
    }
    return at->second;
  }

  Result<RegionId> region(std::vector<Value> params = {}) {
    BURIN_TRY(lexer_.enter());
    BURIN_TRY(lexer_.expect("{"));
    auto id = static_cast<RegionId>(f_.regions.size());
    f_.regions.emplace_back().params = std::move(params);
    while (!lexer_.accept("}")) {
      if (lexer_.accept("yield")) {
        BURIN_ASSIGN(f_.regions[id].yields, operands());
        BURIN_TRY(lexer_.expect("}"));
        break;
      }
      BURIN_TRY(statement(id));
    }
    lexer_.leave();
    return id;
  }

  // One or more, separated by commas.
  Result<std::vector<Value>> operands() {
    std::vector<Value> values;
    do {
      BURIN_ASSIGN(Value v, operand());
      values.push_back(v);
    } while (lexer_.accept(","));
    return values;
  }

  Result<void> statement(RegionId region) {
    std::vector<Value> results;
    std::vector<std::string_view> names;
    if (lexer_.peek().kind == TokenKind::name) {
      do {
        BURIN_ASSIGN(std::string_view name, lexer_.name('%'));
        BURIN_TRY(lexer_.expect(":"));
        BURIN_ASSIGN(Type type, this->type());
        names.push_back(name);
        results.push_back(new_value(type));
      } while (lexer_.accept(","));
      BURIN_TRY(lexer_.expect("="));
    }
    Token at = lexer_.peek();
    BURIN_ASSIGN(std::string_view word, lexer_.identifier());
    std::optional<Op> op = op_from_name(word);
    if (!op) return lexer_.fail_at(at, "no op is called " + std::string(word));
    if (names.size() > kMaxCarried) return lexer_.fail_at(at, "too many results");

    auto id = static_cast<InstId>(f_.insts.size());
    Inst& inst = f_.insts.emplace_back();
    inst.op = *op;
    inst.result_count = static_cast<uint16_t>(results.size());
    if (!results.empty()) inst.result = results[0].index;
    f_.regions[region].insts.push_back(id);
    BURIN_TRY(instruction(id));
    for (size_t k = 0; k < names.size(); ++k) {  // in scope from here on
      if (!names_.emplace(names[k], results[k]).second) {
        return lexer_.fail_at(at, "a value defined twice: " + std::string(names[k]));
      }
    }
    return {};
  }

  Result<void> instruction(InstId id) {
    Op op = f_.insts[id].op;
    if (op == Op::loop) return loop(id);
    if (op == Op::branch) return branch(id);
    if (op >= Op::load && op <= Op::prefetch) {
      BURIN_TRY(memory(id));
    } else if (op == Op::lane_ids) {
      BURIN_TRY(set_operands(id, {}));
    } else {
      BURIN_ASSIGN(std::vector<Value> values, operands());
      BURIN_TRY(set_operands(id, values));
    }
    return source(id);
  }

  Result<void> set_operands(InstId id, const std::vector<Value>& values) {
    if (values.size() > kMaxCarried) return lexer_.fail_here("too many operands");
    f_.insts[id].operands = static_cast<uint32_t>(f_.operand_pool.size());
    f_.insts[id].operand_count = static_cast<uint16_t>(values.size());
    f_.operand_pool.insert(f_.operand_pool.end(), values.begin(), values.end());
    return {};
  }

  Result<void> source(InstId id) {
    if (!lexer_.accept("!")) return {};
    BURIN_ASSIGN(int64_t source, lexer_.integer());
    if (source < 0 || source >= ~0u) return lexer_.fail_here("a source index out of range");
    f_.insts[id].source = static_cast<uint32_t>(source);
    return {};
  }

  Result<void> memory(InstId id) {
    Value base, index, mask, value;
    if (is_store(f_.insts[id].op)) {
      BURIN_ASSIGN(value, operand());
      BURIN_TRY(lexer_.expect(","));
    }
    BURIN_TRY(lexer_.expect("["));
    BURIN_ASSIGN(base, operand());
    int64_t disp = 0;
    while (!lexer_.accept("]")) {
      bool minus = lexer_.accept("-");
      if (!minus) BURIN_TRY(lexer_.expect("+"));
      if (!minus && !index.valid() && lexer_.peek().kind != TokenKind::integer) {
        BURIN_ASSIGN(index, operand());
        BURIN_TRY(lexer_.expect("*"));
        BURIN_ASSIGN(int64_t scale, lexer_.integer());
        f_.insts[id].scale = static_cast<uint8_t>(scale >= 1 && scale <= 8 ? scale : 0);
        continue;
      }
      BURIN_ASSIGN(int64_t magnitude, lexer_.integer());
      if (magnitude < 0 || magnitude > int64_t{1} << 31) return lexer_.fail_here("an offset");
      disp += minus ? -magnitude : magnitude;
      if (disp != static_cast<int32_t>(disp)) return lexer_.fail_here("an offset beyond 32 bits");
    }
    f_.insts[id].disp = static_cast<int32_t>(disp);
    if (lexer_.accept(",")) {
      BURIN_TRY(lexer_.expect("mask"));
      BURIN_ASSIGN(mask, operand());
    }
    return set_operands(id, {base, index, mask, value});
  }

  Result<void> loop(InstId id) {
    BURIN_ASSIGN(Value counter, define(kIndex));
    BURIN_TRY(lexer_.expect("="));
    BURIN_ASSIGN(Value lo, operand());
    BURIN_TRY(lexer_.expect("to"));
    BURIN_ASSIGN(Value hi, operand());
    BURIN_TRY(lexer_.expect("step"));
    BURIN_ASSIGN(f_.insts[id].imm, lexer_.integer());
    std::vector<Value> values = {lo, hi}, params = {counter};
    if (lexer_.accept("carry")) {
      do {
        BURIN_ASSIGN(Value param, define(kIndex));
        BURIN_TRY(lexer_.expect("="));
        BURIN_ASSIGN(Value init, operand());
        f_.types[param.index] = f_.type(init);
        params.push_back(param);
        values.push_back(init);
      } while (lexer_.accept(","));
    }
    BURIN_TRY(set_operands(id, values));
    BURIN_TRY(source(id));
    BURIN_ASSIGN(RegionId body, region(std::move(params)));
    f_.insts[id].body = body;
    return {};
  }

  Result<void> branch(InstId id) {
    BURIN_ASSIGN(Value condition, operand());
    BURIN_TRY(set_operands(id, {condition}));
    BURIN_TRY(source(id));
    BURIN_ASSIGN(RegionId body, region());
    f_.insts[id].body = body;
    if (!lexer_.accept("else")) return {};
    BURIN_ASSIGN(RegionId other, region());
    f_.insts[id].other = other;
    return {};
  }

  struct Literal {
    Elem elem;
    uint16_t lanes;
    uint64_t bits;
    friend auto operator<=>(const Literal&, const Literal&) = default;
  };
  static constexpr size_t kMaxCarried = 4096;

  Lexer lexer_;
  Function f_;
  std::unordered_map<std::string_view, Value> names_;
  std::map<Literal, Value> literals_;
};

}  // namespace

Result<Function> parse(std::string_view text, std::string_view name) {
  return Parser(text, name).run();
}

}  // namespace burin::loop
