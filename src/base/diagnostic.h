// The user's error: where it is (a node, a file), why, and the way out. Carried by Result<T>.
// Look next: base/check.h for the errors that are ours.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace burin {

struct Diagnostic {
  std::string where;   // the file, node or option at fault; may be empty
  std::string reason;  // what is wrong
  std::string hint;    // what to do about it; may be empty

  // One line: "where: reason (hint)", with names from files made free of control characters.
  std::string text() const;
};

template <class T>
using Result = std::expected<T, Diagnostic>;

inline std::unexpected<Diagnostic> fail(std::string where, std::string reason,
                                        std::string hint = {}) {
  return std::unexpected(Diagnostic{std::move(where), std::move(reason), std::move(hint)});
}

}  // namespace burin

#define BURIN_CONCAT_INNER(a, b) a##b
#define BURIN_CONCAT(a, b) BURIN_CONCAT_INNER(a, b)

// Evaluates a Result; returns its Diagnostic from the enclosing function, else goes on.
#define BURIN_TRY(expression)                                                \
  do {                                                                       \
    auto&& burin_try_result = (expression);                                  \
    if (!burin_try_result) return std::unexpected(burin_try_result.error()); \
  } while (0)

// As BURIN_TRY, and moves the value into `declaration`: BURIN_ASSIGN(auto x, f());
#define BURIN_ASSIGN(declaration, expression)                                         \
  auto BURIN_CONCAT(burin_result_, __LINE__) = (expression);                          \
  if (!BURIN_CONCAT(burin_result_, __LINE__))                                         \
    return std::unexpected(std::move(BURIN_CONCAT(burin_result_, __LINE__)).error()); \
  declaration = *std::move(BURIN_CONCAT(burin_result_, __LINE__))
