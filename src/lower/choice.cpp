// Choices as text.
#include "lower/choice.h"

#include <algorithm>
#include <charconv>

namespace burin::lower {

namespace {

constexpr size_t kMostParameters = 32;

bool is_name(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), letter);
}

// Takes the text up to the next blank.
std::string_view next_word(std::string_view& rest) {
  size_t end = rest.find(' ');
  std::string_view word = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  return word;
}

}  // namespace

std::string Choice::text() const {
  std::string out = method;
  for (const auto& [name, value] : parameters) out += " " + name + "=" + std::to_string(value);
  return out;
}

std::optional<Choice> parse_choice(std::string_view text) {
  Choice choice;
  std::string_view rest = text, method = next_word(rest);
  if (!is_name(method)) return std::nullopt;
  choice.method = method;
  while (!rest.empty()) {
    std::string_view word = next_word(rest);
    size_t equals = word.find('=');
    if (equals == word.npos || choice.parameters.size() == kMostParameters) return std::nullopt;
    std::string_view name = word.substr(0, equals), digits = word.substr(equals + 1);
    int64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (!is_name(name) || !whole || find_parameter(choice.parameters, name)) return std::nullopt;
    choice.parameters.emplace_back(name, value);
  }
  return choice;
}

std::optional<int64_t> find_parameter(const Parameters& parameters, std::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace burin::lower
