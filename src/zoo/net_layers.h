// The layers of a net file: each reads the words of its line and appends to the network.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "zoo/net.h"
#include "zoo/net_file.h"

namespace burin::zoo {

// A line's words, taken one by one.
class Words {
 public:
  Words(std::string_view line, std::string where);

  const std::string& where() const { return where_; }  // "my.net:3"
  bool empty() const { return at_ == words_.size(); }
  std::string_view next() { return empty() ? std::string_view() : words_[at_++]; }
  // Consumes the word if it is next.
  bool accept(std::string_view word);
  // The next word as a number from low to high; `what` names it in errors.
  Result<int64_t> number(std::string_view what, int64_t low, int64_t high);
  // "keyword N" if the keyword is next.
  Result<int64_t> option(std::string_view keyword, int64_t fallback, int64_t low, int64_t high);
  Result<double> share(std::string_view what);
  // "3x3" or "3".
  Result<int64_t> square(std::string_view what, int64_t high);
  std::unexpected<Diagnostic> fail(std::string reason, std::string hint = {}) const;

 private:
  std::string where_;
  std::vector<std::string_view> words_;
  size_t at_ = 0;
};

// The network so far: its last value, and the shape of a sample of it, [C, H, W] or [N].
struct NetState {
  Net& net;
  std::string value;
  Dims sample;
  int64_t classes = 2;
  int64_t weights = 0;  // so many, counted before they are drawn
  int64_t max_weights = 0;
  bool ends_branch = false;  // the line at hand is the last one of a residual block
};

using LayerRule = Result<void> (*)(NetState& state, Words& words);

struct Layer {
  std::string_view name;
  LayerSyntax syntax;
  LayerRule build;  // null for lines that are no layers of their own: input, blocks, activations
};

std::span<const Layer> layers();

bool is_activation(std::string_view name);
// An activation if one is the next word; "" if the line ends. Others are errors.
Result<std::string_view> activation_word(Words& words);
void activate(NetState& state, std::string_view name);

// Counts weights that a layer wants, and refuses too many.
Result<void> take_weights(NetState& state, const Words& words, int64_t count);
std::string shape_text(const Dims& sample);  // "32x16x16"

// value + shortcut, by a normalised 1 x 1 convolution where their shapes differ.
Result<void> add_shortcut(NetState& state, const Words& words, const std::string& shortcut,
                          const Dims& sample);

}  // namespace burin::zoo
