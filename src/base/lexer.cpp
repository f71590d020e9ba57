// Scanning and the typed accessors of the lexer.
#include "base/lexer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace burin {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '.'; }
bool is_sigil(char c) { return c == '%' || c == '@' || c == '$' || c == '^'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  return (c | 0x20) - 'a' + 10;
}

size_t word_length(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && is_word(text[n])) ++n;
  return n;
}

bool is_hex(std::string_view text) {
  return text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
}

// The magnitude of an integer token; false when it does not fit 64 bits.
bool read_magnitude(std::string_view text, uint64_t* out) {
  int base = is_hex(text) ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, base);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_real(std::string_view text, double* out) {
  auto format = is_hex(text) ? std::chars_format::hex : std::chars_format::general;
  if (is_hex(text)) text.remove_prefix(2);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, format);
  return error == std::errc{} && end == text.data() + text.size();
}

// Decodes the escape behind a backslash at text[i]; moves i to its last character.
bool decode_escape(std::string_view text, size_t* i, char* out) {
  if (++*i >= text.size()) return false;
  switch (text[*i]) {
    case 'n': *out = '\n'; return true;
    case 't': *out = '\t'; return true;
    case '"':
    case '\\': *out = text[*i]; return true;
    case 'x': break;
    default: return false;
  }
  if (*i + 2 >= text.size()) return false;
  char high = text[*i + 1], low = text[*i + 2];
  if (!is_hex_digit(high) || !is_hex_digit(low)) return false;
  *out = static_cast<char>(hex_value(high) * 16 + hex_value(low));
  *i += 2;
  return true;
}

template <class T>
std::string shortest(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end);
}

}  // namespace

Lexer::Lexer(std::string_view text, std::string_view name) : text_(text), name_(name) { scan(); }

Token Lexer::next() {
  Token token = token_;
  scan();
  return token;
}

bool Lexer::accept(std::string_view spelling) {
  bool same = (token_.kind == TokenKind::punctuation || token_.kind == TokenKind::identifier) &&
              token_.text == spelling;
  if (same) scan();
  return same;
}

Result<void> Lexer::expect(std::string_view spelling) {
  if (accept(spelling)) return {};
  return unexpected_token("'" + std::string(spelling) + "'");
}

Result<std::string_view> Lexer::identifier() {
  if (token_.kind != TokenKind::identifier) return unexpected_token("a word");
  return next().text;
}

Result<std::string_view> Lexer::name(char sigil) {
  if (token_.kind != TokenKind::name || token_.text[0] != sigil) {
    return unexpected_token(std::string("a name with '") + sigil + "'");
  }
  return next().text.substr(1);
}

bool Lexer::negative() {
  if (accept("-")) return true;
  accept("+");
  return false;
}

Result<int64_t> Lexer::integer() {
  bool minus = negative();
  if (token_.kind != TokenKind::integer) return unexpected_token("an integer");
  uint64_t magnitude = 0;
  uint64_t limit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) + (minus ? 1 : 0);
  if (!read_magnitude(token_.text, &magnitude) || magnitude > limit) {
    return fail_here("the integer does not fit 64 bits");
  }
  scan();
  return static_cast<int64_t>(minus ? 0 - magnitude : magnitude);
}

Result<uint64_t> Lexer::bits() {
  if (token_.kind != TokenKind::integer) return unexpected_token("an unsigned integer");
  uint64_t value = 0;
  if (!read_magnitude(token_.text, &value)) return fail_here("the integer does not fit 64 bits");
  scan();
  return value;
}

Result<double> Lexer::number() {
  bool minus = negative();
  double value = 0;
  bool word = token_.kind == TokenKind::identifier;
  if (word && token_.text == "inf") {
    value = std::numeric_limits<double>::infinity();
  } else if (word && token_.text == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (token_.kind == TokenKind::integer || token_.kind == TokenKind::real) {
    if (!read_real(token_.text, &value)) return fail_here("the number is out of range");
  } else {
    return unexpected_token("a number");
  }
  scan();
  return minus ? -value : value;
}

Result<bool> Lexer::boolean() {
  if (accept("true")) return true;
  if (accept("false")) return false;
  return unexpected_token("true or false");
}

Result<std::string_view> Lexer::raw_string() {
  if (token_.kind != TokenKind::string) return unexpected_token("a string");
  return next().text;
}

Result<std::string> Lexer::string() {
  Token token = token_;
  BURIN_ASSIGN(std::string_view raw, raw_string());
  std::string out;
  out.reserve(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '\\' && !decode_escape(raw, &i, &c)) return fail_at(token, "a wrong escape");
    out += c;
  }
  return out;
}

std::unexpected<Diagnostic> Lexer::fail_at(const Token& token, std::string reason) const {
  return fail(name_ + ":" + std::to_string(token.line) + ":" + std::to_string(token.column),
              std::move(reason));
}

std::unexpected<Diagnostic> Lexer::fail_here(std::string reason, std::string hint) const {
  auto failure = fail_at(token_, std::move(reason));
  failure.error().hint = std::move(hint);
  return failure;
}

std::unexpected<Diagnostic> Lexer::unexpected_token(std::string_view wanted) const {
  constexpr size_t kShown = 40;
  if (token_.kind == TokenKind::bad) return fail_here(std::string(token_.text));
  std::string found = "the end";
  if (token_.kind != TokenKind::end) found = quote_text(token_.text.substr(0, kShown));
  return fail_here("expected " + std::string(wanted) + ", found " + found);
}

Result<void> Lexer::enter() {
  if (nesting_ >= kMaxNesting) {
    return fail_here("nested more than " + std::to_string(kMaxNesting) + " levels deep");
  }
  ++nesting_;
  return {};
}

void Lexer::advance(size_t bytes) {
  position_ += bytes;
  column_ += static_cast<int>(bytes);
}

void Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    char c = text_[position_];
    if (c == '\n') {
      ++position_, ++line_, column_ = 1;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      advance(1);
    } else if (text_.substr(position_, 2) == "//") {
      size_t end = std::min(text_.find('\n', position_), text_.size());
      advance(end - position_);
    } else {
      return;
    }
  }
}

void Lexer::scan() {
  skip_blanks();
  std::string_view rest = text_.substr(position_);
  token_ = {TokenKind::end, {}, line_, column_};
  if (rest.empty()) return;
  char c = rest[0];
  if (is_digit(c)) return scan_number();
  if (c == '"') return scan_string();
  size_t length = 1;
  if (is_letter(c)) {
    token_.kind = TokenKind::identifier;
    length = word_length(rest);
  } else if (is_sigil(c) && word_length(rest.substr(1)) > 0) {
    token_.kind = TokenKind::name;
    length = 1 + word_length(rest.substr(1));
  } else {
    token_.kind = TokenKind::punctuation;
    if (rest.starts_with("->")) length = 2;
  }
  token_.text = rest.substr(0, length);
  advance(length);
}

void Lexer::scan_number() {
  std::string_view rest = text_.substr(position_);
  char exponent = is_hex(rest) ? 'p' : 'e';
  bool real = false;
  size_t n = is_hex(rest) ? 2 : 0;
  for (; n < rest.size(); ++n) {
    char c = rest[n];
    bool sign = (c == '-' || c == '+') && (rest[n - 1] | 0x20) == exponent;
    if (c == '.' || (c | 0x20) == exponent) {
      real = true;
    } else if (!is_word(c) && !(sign && real)) {
      break;
    }
  }
  token_.kind = real ? TokenKind::real : TokenKind::integer;
  token_.text = rest.substr(0, n);
  advance(n);
}

void Lexer::scan_string() {
  std::string_view rest = text_.substr(position_);
  size_t n = 1;
  while (n < rest.size() && rest[n] != '"' && rest[n] != '\n') n += rest[n] == '\\' ? 2 : 1;
  if (n >= rest.size() || rest[n] != '"') {
    token_.kind = TokenKind::bad;
    token_.text = "a string without its end";
    position_ = text_.size();
    return;
  }
  token_.kind = TokenKind::string;
  token_.text = rest.substr(1, n - 1);
  advance(n + 1);
}

std::string quote_text(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\', out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x", out += kHex[byte >> 4], out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string real_text(double value) { return shortest(value); }
std::string real_text(float value) { return shortest(value); }

}  // namespace burin
