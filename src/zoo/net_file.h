// Networks as a few lines of text, a layer a line: "conv 32 3x3 relu". In: text, hostile until
// checked. Out: a Net like those of the built-in networks. docs/net-files.md is the guide,
// layer_syntax() the grammar.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "zoo/net.h"

namespace burin::zoo {

struct LayerSyntax {
  std::string_view usage;    // "dense OUT|classes [ACTIVATION]"
  std::string_view meaning;  // one line
};

// In the order in which a reader wants them.
std::span<const LayerSyntax> layer_syntax();

struct NetFileOptions {
  uint64_t seed = 1;       // of the weights
  int64_t max_memory = 0;  // bytes of weights; 0 for 2 GiB
};

// `name` stands in front of every error, with the line: "my.net:3". Text of more than 64 KiB,
// more than 2,000 layers and shapes and weights beyond bounds are refused before memory is taken.
Result<Net> parse_net(std::string_view text, const std::string& name,
                      const NetFileOptions& options = {});
Result<Net> read_net(const std::string& path, const NetFileOptions& options = {});

}  // namespace burin::zoo
