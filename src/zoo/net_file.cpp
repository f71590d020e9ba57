// Line after line; blocks are a stack.
#include "zoo/net_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "zoo/net_layers.h"

namespace burin::zoo {

namespace {

constexpr size_t kMaxText = 1 << 16, kMaxBlocks = 16;
constexpr int64_t kMaxSteps = 2000;  // lines that are carried out, repeated ones each time
constexpr int64_t kMaxSide = 16384, kMaxInput = int64_t{1} << 26;
constexpr int64_t kMaxWeightBytes = int64_t{2} << 30;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

// Between "residual" or "repeat" and its "end".
struct OpenBlock {
  size_t line = 0;     // where it begins
  int64_t again = -1;  // repeat: how many more times; -1 for residual
  std::string value;   // what a residual block adds
  Dims sample;
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& name, Net& net, const NetFileOptions& options)
      : name_(name), lines_(lines_of(text)), state_{.net = net} {
    int64_t limit = options.max_memory > 0 ? options.max_memory : kMaxWeightBytes;
    state_.max_weights = std::min(limit, kMaxWeightBytes) / 4;
  }

  Result<void> run() {
    for (at_ = 0; at_ < lines_.size(); ++at_) {
      Words words(lines_[at_], where(at_));
      if (words.empty()) continue;
      if (++steps_ > kMaxSteps) return words.fail("more than 2000 layers");
      BURIN_TRY(line(words));
    }
    if (!blocks_.empty()) return fail(where(blocks_.back().line), "this block has no 'end'");
    if (state_.value.empty()) {
      return fail(name_, "there is no network in it", "the first line is 'input 3x128x128'");
    }
    std::vector<Dim> dims = {"batch"};
    for (int64_t d : state_.sample) dims.push_back(d);
    state_.net.output(state_.value, "output", std::move(dims));
    return {};
  }

 private:
  std::string where(size_t line) const { return name_ + ":" + std::to_string(line + 1); }

  Result<void> line(Words& words) {
    Words from_name = words;
    std::string_view name = words.next();
    if (name == "input") return input(words);
    if (name == "classes") return classes(words);
    if (state_.value.empty()) {
      return words.fail("the network begins with its input", "input 3x128x128, or input 784");
    }
    if (name == "residual" || name == "repeat") return begin(name, words);
    if (name == "end") return end(words);
    if (is_activation(name)) {
      BURIN_ASSIGN(std::string_view activation, activation_word(from_name));
      activate(state_, activation);
      return {};
    }
    auto layer = std::ranges::find(layers(), name, &Layer::name);
    if (layer == layers().end() || !layer->build) {
      return words.fail("there is no layer '" + std::string(name) + "'", "burin zoo --layers");
    }
    state_.ends_branch = ends_branch();
    BURIN_TRY(layer->build(state_, words));
    return finished(words);
  }

  Result<void> input(Words& words) {
    if (!state_.value.empty()) return words.fail("a network has one input");
    std::string_view word = words.next();
    Dims dims;
    for (bool more = true; more && dims.size() < 4;) {
      size_t cross = word.find('x');
      more = cross != std::string_view::npos;
      Words one(word.substr(0, cross), words.where());
      BURIN_ASSIGN(int64_t size, one.number("size", 1, kMaxInput));
      dims.push_back(size);
      word.remove_prefix(more ? cross + 1 : word.size());
    }
    bool picture = dims.size() == 3 && std::max(dims[1], dims[2]) <= kMaxSide && dims[0] <= 4096 &&
                   dims[0] * dims[1] * dims[2] <= kMaxInput;
    if (dims.size() != 1 && !picture) {
      return words.fail("no such input", "input 3x128x128: channels, height, width; or input 784");
    }
    std::vector<Dim> port = {"batch"};
    for (int64_t d : dims) port.push_back(d);
    state_.value = state_.net.input("input", DType::f32, std::move(port));
    state_.sample = std::move(dims);
    return finished(words);
  }

  Result<void> classes(Words& words) {
    BURIN_ASSIGN(state_.classes, words.number("number of classes", 1, 1 << 20));
    return finished(words);
  }

  Result<void> begin(std::string_view name, Words& words) {
    if (blocks_.size() == kMaxBlocks) return words.fail("more than 16 blocks inside each other");
    OpenBlock block{.line = at_, .value = state_.value, .sample = state_.sample};
    if (name == "repeat") {
      BURIN_ASSIGN(int64_t times, words.number("number of times", 1, kMaxSteps));
      block.again = times - 1;
    }
    blocks_.push_back(std::move(block));
    return finished(words);
  }

  Result<void> end(Words& words) {
    if (blocks_.empty()) return words.fail("there is no block that could end here");
    OpenBlock& block = blocks_.back();
    if (block.again > 0) {
      --block.again;
      at_ = block.line;
      return finished(words);
    }
    OpenBlock last = std::move(block);
    blocks_.pop_back();
    if (last.again == 0) return finished(words);
    BURIN_ASSIGN(std::string_view activation, activation_word(words));
    BURIN_TRY(add_shortcut(state_, words, last.value, last.sample));
    activate(state_, activation);
    return {};
  }

  // Whether the next line that says anything is the end of a residual block.
  bool ends_branch() const {
    if (blocks_.empty() || blocks_.back().again >= 0) return false;
    for (size_t i = at_ + 1; i < lines_.size(); ++i) {
      Words words(lines_[i], {});
      if (!words.empty()) return words.next() == "end";
    }
    return false;
  }

  Result<void> finished(Words& words) const {
    if (words.empty()) return {};
    return words.fail("'" + std::string(words.next()) + "' is too much here");
  }

  std::string name_;
  std::vector<std::string_view> lines_;
  NetState state_;
  std::vector<OpenBlock> blocks_;
  size_t at_ = 0;
  int64_t steps_ = 0;
};

}  // namespace

std::span<const LayerSyntax> layer_syntax() {
  static const std::vector<LayerSyntax> kSyntax = [] {
    std::vector<LayerSyntax> rows;
    for (const Layer& layer : layers()) rows.push_back(layer.syntax);
    return rows;
  }();
  return kSyntax;
}

Result<Net> parse_net(std::string_view text, const std::string& name,
                      const NetFileOptions& options) {
  if (text.size() > kMaxText) return fail(name, "is larger than 64 KiB: no net file");
  Net net(std::filesystem::path(name).stem().string(), options.seed);
  BURIN_TRY(Parser(text, name, net, options).run());
  return net;
}

Result<Net> read_net(const std::string& path, const NetFileOptions& options) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(path, "cannot open");
  std::string text(kMaxText + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(path, "cannot read");
  text.resize(static_cast<size_t>(file.gcount()));
  return parse_net(text, path, options);
}

}  // namespace burin::zoo
