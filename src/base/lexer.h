// Splits text into tokens for the parsers of both IRs, and spells values so that they read back.
// The text is hostile: every error carries "name:line:column", nothing allocates in proportion to
// what the text claims, and nesting is bounded. Tokens are views of the text, which must outlive
// the lexer. Look next: graph/parse.h and loop/parse.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/diagnostic.h"

namespace burin {

enum class TokenKind : uint8_t {
  end,
  bad,         // `text` is the reason
  identifier,  // [A-Za-z_][A-Za-z0-9_.]*
  name,        // a sigil and its name: [%@$^][A-Za-z0-9_.]+
  integer,     // 12, 0x1f; a sign is punctuation
  real,        // 1.5, 2e-3, 0x1.8p3
  string,      // "..." with escapes; `text` is what stands between the quotes, undecoded
  punctuation  // "->" or any other single character
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;
  int line = 1, column = 1;  // both from 1; columns count bytes
};

// Comments run from // to the end of the line. Two tokens of the same text and place are equal.
class Lexer {
 public:
  static constexpr int kMaxNesting = 200;

  // `name` stands in front of every error: a file's name or what the text is.
  explicit Lexer(std::string_view text, std::string_view name = "text");

  const Token& peek() const { return token_; }
  bool at_end() const { return token_.kind == TokenKind::end; }
  // Returns the current token and goes to the one after it.
  Token next();
  // Whether the current token is an identifier or punctuation spelled so; consumes it if it is.
  bool accept(std::string_view spelling);
  Result<void> expect(std::string_view spelling);

  // Each consumes one value of its kind or fails, naming what stands there instead.
  Result<std::string_view> identifier();
  Result<std::string_view> name(char sigil);  // without the sigil
  Result<int64_t> integer();                  // a sign, decimal or hexadecimal
  Result<uint64_t> bits();                    // unsigned, decimal or hexadecimal
  Result<double> number();                    // an integer or real, inf, nan, each with a sign
  Result<bool> boolean();                     // true, false
  Result<std::string> string();               // decoded
  Result<std::string_view> raw_string();      // as it stands between the quotes
  // An error at the current token.
  std::unexpected<Diagnostic> fail_here(std::string reason, std::string hint = {}) const;
  std::unexpected<Diagnostic> fail_at(const Token& token, std::string reason) const;

  // Brackets recursion: fails beyond kMaxNesting levels. Every enter() needs its leave().
  Result<void> enter();
  void leave() { --nesting_; }

 private:
  std::unexpected<Diagnostic> unexpected_token(std::string_view wanted) const;
  void skip_blanks();
  void advance(size_t bytes);
  void scan();
  void scan_number();
  void scan_string();
  bool negative();

  std::string_view text_;
  std::string name_;
  size_t position_ = 0;
  int line_ = 1, column_ = 1;
  int nesting_ = 0;
  Token token_;
};

// "..." with quotes, backslashes and unprintable bytes escaped (\" \\ \n \t \xNN).
std::string quote_text(std::string_view text);
// The shortest decimal that reads back as the same value; inf, -inf, nan.
std::string real_text(double value);
std::string real_text(float value);

}  // namespace burin
