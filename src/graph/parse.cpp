// Recursive descent without recursion: the grammar is flat.
#include "graph/parse.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/lexer.h"
#include "graph/builder.h"
#include "graph/print.h"
#include "graph/verify.h"

namespace burin::graph {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view name) : lex_(text, name), builder_(graph_) {}

  Result<Graph> run();

 private:
  Result<void> source_line();
  Result<void> node_line();
  Result<void> port_line(std::vector<Port>& ports);
  Result<NodeId> operand();
  Result<std::vector<NodeId>> operands();
  Result<Dims> dims();
  Result<TensorType> type();
  Result<void> attribute(Attr& attr);
  Result<void> build(Op op, std::vector<NodeId> operands, Attr attr, TensorType type,
                     const Token& place);
  Result<void> field(int64_t& value);
  Result<void> field(bool& value);
  Result<void> field(Dims& value);
  Result<void> field(ReduceKind& value);
  Result<void> field(ScatterKind& value);
  Result<void> field(Tensor& value);
  Result<void> constant_value(ConstantAttr& attr, const TensorType& type);
  Result<Tensor> listed_values(const TensorType& type);
  Result<Tensor> hex_values(const TensorType& type);

  Lexer lex_;
  Graph graph_;
  Builder builder_;
  std::unordered_map<std::string_view, NodeId> ids_;
  std::unordered_map<std::string_view, SourceId> sources_;
  // A constant's value stands before its type: where it starts, to be read when the type is known.
  std::optional<Lexer> pending_value_;
};

Result<Graph> Parser::run() {
  BURIN_TRY(lex_.expect("graph"));
  BURIN_ASSIGN(graph_.name, lex_.string());
  BURIN_TRY(lex_.expect("{"));
  while (!lex_.accept("}")) {
    if (lex_.accept("source")) {
      BURIN_TRY(source_line());
    } else if (lex_.accept("input")) {
      BURIN_TRY(port_line(graph_.inputs));
    } else if (lex_.accept("output")) {
      BURIN_TRY(port_line(graph_.outputs));
    } else {
      BURIN_TRY(node_line());
    }
  }
  if (!lex_.at_end()) return lex_.fail_here("text behind the graph's end");
  if (auto wrong = verify(graph_)) return lex_.fail_here(wrong->text());
  return std::move(graph_);
}

Result<void> Parser::source_line() {
  Token place = lex_.peek();
  BURIN_ASSIGN(std::string_view id, lex_.name('@'));
  Source source;
  BURIN_ASSIGN(source.name, lex_.string());
  BURIN_ASSIGN(source.op_type, lex_.string());
  if (!sources_.try_emplace(id, SourceId(graph_.sources.size())).second) {
    return lex_.fail_at(place, "the source is defined twice");
  }
  graph_.sources.push_back(std::move(source));
  return {};
}

Result<void> Parser::port_line(std::vector<Port>& ports) {
  Port port;
  BURIN_ASSIGN(port.name, lex_.string());
  BURIN_TRY(lex_.expect("="));
  BURIN_ASSIGN(port.node, operand());
  ports.push_back(std::move(port));
  return {};
}

Result<NodeId> Parser::operand() {
  Token place = lex_.peek();
  BURIN_ASSIGN(std::string_view id, lex_.name('%'));
  auto found = ids_.find(id);
  if (found == ids_.end()) {
    return lex_.fail_at(place, "%" + std::string(id) + " is not defined above");
  }
  return found->second;
}

Result<std::vector<NodeId>> Parser::operands() {
  std::vector<NodeId> out;
  BURIN_TRY(lex_.expect("("));
  while (!lex_.accept(")")) {
    if (!out.empty()) BURIN_TRY(lex_.expect(","));
    BURIN_ASSIGN(NodeId id, operand());
    out.push_back(id);
  }
  return out;
}

Result<Dims> Parser::dims() {
  Dims out;
  BURIN_TRY(lex_.expect("["));
  while (!lex_.accept("]")) {
    if (!out.empty()) BURIN_TRY(lex_.expect(","));
    BURIN_ASSIGN(int64_t dim, lex_.integer());
    out.push_back(dim);
  }
  return out;
}

Result<TensorType> Parser::type() {
  Token place = lex_.peek();
  BURIN_ASSIGN(std::string_view name, lex_.identifier());
  auto dtype = dtype_from_name(name);
  if (!dtype) return lex_.fail_at(place, "unknown dtype " + quote_text(name));
  BURIN_ASSIGN(Dims sizes, dims());
  auto shape = check_shape(sizes);
  if (!shape) return lex_.fail_at(place, shape.error().reason);
  return TensorType{*dtype, *std::move(shape)};
}

Result<void> Parser::node_line() {
  Token place = lex_.peek();
  BURIN_ASSIGN(std::string_view id, lex_.name('%'));
  BURIN_TRY(lex_.expect("="));
  Token op_place = lex_.peek();
  BURIN_ASSIGN(std::string_view op_name, lex_.identifier());
  auto op = op_from_name(op_name);
  if (!op) return lex_.fail_at(op_place, "unknown op " + quote_text(op_name));
  BURIN_ASSIGN(std::vector<NodeId> inputs, operands());
  Attr attr = default_attr(*op);
  pending_value_.reset();
  BURIN_TRY(attribute(attr));
  BURIN_TRY(lex_.expect(":"));
  BURIN_ASSIGN(TensorType result, type());
  if (auto* constant = std::get_if<ConstantAttr>(&attr)) {
    BURIN_TRY(constant_value(*constant, result));
  }
  builder_.set_source({});
  if (lex_.peek().kind == TokenKind::name && lex_.peek().text[0] == '@') {
    auto found = sources_.find(lex_.peek().text.substr(1));
    if (found == sources_.end()) return lex_.fail_here("the source is not defined above");
    lex_.next();
    builder_.set_source(found->second);
  }
  if (!ids_.try_emplace(id, NodeId(graph_.size())).second) {
    return lex_.fail_at(place, "%" + std::string(id) + " is defined twice");
  }
  return build(*op, std::move(inputs), std::move(attr), std::move(result), op_place);
}

Result<void> Parser::build(Op op, std::vector<NodeId> operands, Attr attr, TensorType type,
                           const Token& place) try {
  NodeId id = builder_.add(op, std::move(operands), std::move(attr), type);
  if (graph_.type(id) != type) {
    return lex_.fail_at(place,
                        "the type is " + type_text(graph_.type(id)) + ", not " + type_text(type));
  }
  return {};
} catch (const BuildError& error) {
  return lex_.fail_at(place, error.what());
}

Result<void> Parser::attribute(Attr& attr) {
  if (!lex_.accept("{")) return {};
  std::vector<std::string_view> seen;
  while (!lex_.accept("}")) {
    if (!seen.empty()) BURIN_TRY(lex_.expect(","));
    Token place = lex_.peek();
    BURIN_ASSIGN(std::string_view name, lex_.identifier());
    BURIN_TRY(lex_.expect("="));
    bool known = false;
    Result<void> result;
    auto read = [&](std::string_view field_name, auto& value) {
      if (field_name != name) return;
      known = true;
      result = field(value);
    };
    std::visit([&](auto& a) { a.each(read); }, attr);
    if (!known) return lex_.fail_at(place, "the op has no attribute " + quote_text(name));
    BURIN_TRY(result);
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return lex_.fail_at(place, "the attribute is given twice");
    }
    seen.push_back(name);
  }
  return {};
}

Result<void> Parser::field(int64_t& value) {
  BURIN_ASSIGN(value, lex_.integer());
  return {};
}

Result<void> Parser::field(bool& value) {
  BURIN_ASSIGN(value, lex_.boolean());
  return {};
}

Result<void> Parser::field(Dims& value) {
  BURIN_ASSIGN(value, dims());
  return {};
}

template <class Kind>
bool read_kind(std::string_view word, Kind last, Kind& value) {
  for (int k = 0; k <= static_cast<int>(last); ++k) {
    value = static_cast<Kind>(k);
    if (name_of(value) == word) return true;
  }
  return false;
}

Result<void> Parser::field(ReduceKind& value) {
  if (!read_kind(lex_.peek().text, ReduceKind::min, value)) {
    return lex_.fail_here("expected sum, prod, max or min");
  }
  lex_.next();
  return {};
}

Result<void> Parser::field(ScatterKind& value) {
  if (!read_kind(lex_.peek().text, ScatterKind::min, value)) {
    return lex_.fail_here("expected assign, add, mul, max or min");
  }
  lex_.next();
  return {};
}

// Skips the value; constant_value reads it once the type is known.
Result<void> Parser::field(Tensor&) {
  pending_value_ = lex_;
  if (lex_.accept("hex")) {
    BURIN_TRY(lex_.raw_string());
    return {};
  }
  if (lex_.accept(".")) return lex_.fail_here("the constant's values were left out");
  BURIN_TRY(lex_.expect("["));
  while (!lex_.accept("]")) {
    if (lex_.at_end()) return lex_.expect("]");
    lex_.next();
  }
  return {};
}

Result<void> Parser::constant_value(ConstantAttr& attr, const TensorType& type) {
  if (!pending_value_) return lex_.fail_here("the constant has no value");
  std::swap(lex_, *pending_value_);
  auto value = lex_.accept("hex") ? hex_values(type) : listed_values(type);
  if (!value) return std::unexpected(value.error());
  attr.value = *std::move(value);
  std::swap(lex_, *pending_value_);
  return {};
}

Result<Tensor> Parser::listed_values(const TensorType& type) {
  Token place = lex_.peek();
  std::vector<double> reals;
  std::vector<int64_t> ints;
  BURIN_TRY(lex_.expect("["));
  while (!lex_.accept("]")) {
    if (!reals.empty() || !ints.empty()) BURIN_TRY(lex_.expect(","));
    if (is_float(type.dtype)) {
      BURIN_ASSIGN(double value, lex_.number());
      reals.push_back(value);
    } else if (type.dtype == DType::u64) {
      BURIN_ASSIGN(uint64_t value, lex_.bits());
      ints.push_back(static_cast<int64_t>(value));
    } else {
      BURIN_ASSIGN(int64_t value, lex_.integer());
      ints.push_back(value);
    }
  }
  if (static_cast<int64_t>(reals.size() + ints.size()) != type.shape.elements()) {
    return lex_.fail_at(place, "the constant has another number of values than its type");
  }
  if (is_float(type.dtype)) return Tensor::from_doubles(type, reals);
  Tensor value = Tensor::from_ints(type, ints);
  if (value.to_ints() != ints) return lex_.fail_at(place, "a value does not fit the dtype");
  return value;
}

Result<Tensor> Parser::hex_values(const TensorType& type) {
  Token place = lex_.peek();
  BURIN_ASSIGN(std::string_view digits, lex_.raw_string());
  if (digits.size() % 2 != 0 || static_cast<int64_t>(digits.size() / 2) != type.bytes()) {
    return lex_.fail_at(place, "the constant has another number of bytes than its type");
  }
  Tensor value(type);
  std::byte* out = value.mutable_data();
  for (size_t i = 0; i < digits.size(); i += 2) {
    int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);
    if (high < 0 || low < 0) return lex_.fail_at(place, "wrong hexadecimal digits");
    out[i / 2] = static_cast<std::byte>(high * 16 + low);
  }
  return value;
}

}  // namespace

Result<Graph> parse(std::string_view text, std::string_view name) {
  return Parser(text, name).run();
}

}  // namespace burin::graph
