// Words and numbers of a line.
#include <charconv>
#include <cmath>

#include "zoo/net_layers.h"

namespace burin::zoo {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// A whole word as a number.
template <class T>
std::optional<T> parse(std::string_view word) {
  T value{};
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

std::string quoted(std::string_view word) { return "'" + std::string(word) + "'"; }

}  // namespace

Words::Words(std::string_view line, std::string where) : where_(std::move(where)) {
  line = line.substr(0, line.find('#'));
  for (size_t at = 0; at < line.size();) {
    size_t end = at;
    while (end < line.size() && !is_blank(line[end])) ++end;
    if (end > at) words_.push_back(line.substr(at, end - at));
    at = end + 1;
  }
}

bool Words::accept(std::string_view word) {
  if (empty() || words_[at_] != word) return false;
  ++at_;
  return true;
}

Result<int64_t> Words::number(std::string_view what, int64_t low, int64_t high) {
  std::string name(what), range = std::to_string(low) + " to " + std::to_string(high);
  if (empty()) return fail("where is the " + name + "?", "a number from " + range);
  std::string_view word = next();
  auto value = parse<int64_t>(word);
  if (value && *value >= low && *value <= high) return *value;
  return fail(quoted(word) + " is no " + name, "a number from " + range);
}

Result<int64_t> Words::option(std::string_view keyword, int64_t fallback, int64_t low,
                              int64_t high) {
  if (!accept(keyword)) return fallback;
  return number(keyword, low, high);
}

Result<double> Words::share(std::string_view what) {
  std::string_view word = next();
  auto value = parse<double>(word);
  if (value && *value >= 0 && *value < 1) return *value;
  return fail(quoted(word) + " is no " + std::string(what), "a number from 0 to below 1");
}

Result<int64_t> Words::square(std::string_view what, int64_t high) {
  std::string_view word = next();
  size_t cross = word.find('x');
  auto side = parse<int64_t>(word.substr(0, cross));
  bool square = cross == std::string_view::npos || word.substr(0, cross) == word.substr(cross + 1);
  if (side && square && *side >= 1 && *side <= high) return *side;
  return fail(quoted(word) + " is no " + std::string(what),
              "3 or 3x3; a square of at most " + std::to_string(high) + " a side");
}

std::unexpected<Diagnostic> Words::fail(std::string reason, std::string hint) const {
  return burin::fail(where_, std::move(reason), std::move(hint));
}

}  // namespace burin::zoo
