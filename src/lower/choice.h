// Which method makes a dense job's kernels, and with which parameters: what the analytic models
// choose and what `burin tune` finds out by measuring. Choices that were kept are looked up by the
// job's whole signature (kernels/signature.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace burin::lower {

// Names and values in the order of the method that made them.
using Parameters = std::vector<std::pair<std::string, int64_t>>;

struct Choice {
  std::string method;
  Parameters parameters;  // empty: the method's own

  // "conv rows=14 vectors=2"
  std::string text() const;
  bool operator==(const Choice&) const = default;
};

// Reads Choice::text(). The text is hostile: nothing if it is of another form.
std::optional<Choice> parse_choice(std::string_view text);

// The value of a parameter; nothing if it is not among them.
std::optional<int64_t> find_parameter(const Parameters& parameters, std::string_view name);

// By signature. A choice that its job cannot use is ignored.
using Choices = std::unordered_map<std::string, Choice>;

// What lowering decided for one dense job.
struct ChoiceRecord {
  std::string signature;
  Choice choice;
  std::vector<Choice> alternatives;  // close to it, the likeliest first
  size_t first_kernel = 0, kernels = 0;
};

}  // namespace burin::lower
