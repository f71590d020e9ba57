// One row a layer. Shapes are followed along, so that errors speak of them and weights fit.
#include "zoo/net_layers.h"

#include <algorithm>
#include <array>

#include "base/checked.h"

namespace burin::zoo {

namespace {

constexpr int64_t kMaxChannels = 65536, kMaxKernel = 64, kMaxStride = 64;
constexpr int64_t kMaxValues = int64_t{1} << 28;  // of one sample at one place

struct Activation {
  std::string_view name;
  std::string (*apply)(Net& net, const std::string& x);
};

constexpr Activation kActivations[] = {
    {"relu", [](Net& net, const std::string& x) { return net.relu(x); }},
    {"leakyrelu", [](Net& net, const std::string& x) { return net.node("LeakyRelu", {x}); }},
    {"silu", [](Net& net, const std::string& x) { return net.silu(x); }},
    {"gelu", [](Net& net, const std::string& x) { return net.gelu(x); }},
    {"hardswish", [](Net& net, const std::string& x) { return net.node("HardSwish", {x}); }},
    {"sigmoid", [](Net& net, const std::string& x) { return net.node("Sigmoid", {x}); }},
    {"tanh", [](Net& net, const std::string& x) { return net.node("Tanh", {x}); }},
    {"softmax",
     [](Net& net, const std::string& x) {
       return net.node("Softmax", {x}, {{"axis", int64_t{1}}});
     }},
};

const Activation* find_activation(std::string_view name) {
  auto found = std::ranges::find(kActivations, name, &Activation::name);
  return found == std::end(kActivations) ? nullptr : found;
}

std::string activation_names() {
  std::string names;
  for (const Activation& a : kActivations) {
    names += (names.empty() ? "" : ", ") + std::string(a.name);
  }
  return names;
}

Result<void> want_picture(const NetState& s, const Words& words) {
  if (s.sample.size() == 3) return {};
  return words.fail("takes a picture, but here are " + shape_text(s.sample) + " values in a row");
}

Result<void> set_picture(NetState& s, const Words& words, Dims sample) {
  if (sample[1] < 1 || sample[2] < 1) {
    return words.fail("nothing is left of a picture of " + shape_text(s.sample),
                      "fewer pooling layers or smaller strides, or a larger input");
  }
  auto values = checked_mul(sample[0] * sample[1], sample[2]);
  if (!values || *values > kMaxValues) {
    return words.fail("a sample of " + shape_text(sample) + " is too large");
  }
  s.sample = std::move(sample);
  return {};
}

// Rows or columns that a window finds.
int64_t windows(int64_t size, int64_t kernel, int64_t stride, int64_t pad) {
  int64_t room = size + 2 * pad - kernel;
  return room < 0 ? 0 : room / stride + 1;
}

// At first it changes nothing: scale 1, shift 0, mean 0, variance 1. With a scale of 0 a residual
// block is one that does nothing at first (Goyal et al., Accurate, Large Minibatch SGD, 2017).
Result<void> normalise(NetState& s, const Words& words, double initial_scale = 1) {
  int64_t channels = s.sample[0];
  BURIN_TRY(take_weights(s, words, 4 * channels));
  auto filled = [&](const char* role, double value) {
    Tensor t({DType::f32, {channels}});
    for (int64_t i = 0; i < channels; ++i) t.set_double(i, value);
    return s.net.constant(role, std::move(t));
  };
  std::string scale = filled("scale", initial_scale), shift = filled("shift", 0);
  std::string mean = filled("mean", 0), variance = filled("variance", 1);
  s.value = s.net.node("BatchNormalization", {s.value, scale, shift, mean, variance},
                       {{"epsilon", 1e-5f}});
  return {};
}

// [stride N] [pad N] [norm] [ACTIVATION] and the convolution itself.
Result<void> convolve(NetState& s, Words& words, Net::ConvShape shape) {
  BURIN_ASSIGN(shape.stride, words.option("stride", 1, 1, kMaxStride));
  BURIN_ASSIGN(shape.pad, words.option("pad", (shape.kernel - 1) / 2, 0, kMaxKernel));
  if (shape.groups == 1) {
    BURIN_ASSIGN(shape.groups, words.option("groups", 1, 1, kMaxChannels));
  }
  if (shape.in % shape.groups != 0 || shape.out % shape.groups != 0) {
    return words.fail(std::to_string(shape.groups) + " groups do not divide " +
                      std::to_string(shape.in) + " and " + std::to_string(shape.out) + " channels");
  }
  bool norm = words.accept("norm");
  BURIN_ASSIGN(std::string_view activation, activation_word(words));
  shape.bias = !norm;
  int64_t per_output = shape.in / shape.groups * shape.kernel * shape.kernel;
  auto count = checked_mul(shape.out, per_output + shape.bias);
  BURIN_TRY(take_weights(s, words, count.value_or(kMaxValues * 64)));
  Dims out = {shape.out, windows(s.sample[1], shape.kernel, shape.stride, shape.pad),
              windows(s.sample[2], shape.kernel, shape.stride, shape.pad)};
  BURIN_TRY(set_picture(s, words, std::move(out)));
  s.value = s.net.conv(s.value, shape);
  bool idle = s.ends_branch && activation.empty();
  if (norm) BURIN_TRY(normalise(s, words, idle ? 0 : 1));
  activate(s, activation);
  return {};
}

Result<void> build_conv(NetState& s, Words& words) {
  BURIN_TRY(want_picture(s, words));
  BURIN_ASSIGN(int64_t out, words.number("number of channels", 1, kMaxChannels));
  BURIN_ASSIGN(int64_t kernel, words.square("kernel size", kMaxKernel));
  return convolve(s, words, {.in = s.sample[0], .out = out, .kernel = kernel});
}

Result<void> build_depthwise(NetState& s, Words& words) {
  BURIN_TRY(want_picture(s, words));
  BURIN_ASSIGN(int64_t kernel, words.square("kernel size", kMaxKernel));
  Net::ConvShape shape{.in = s.sample[0], .out = s.sample[0], .kernel = kernel};
  shape.groups = s.sample[0];
  return convolve(s, words, shape);
}

std::string max_pool(Net& net, const std::string& x, int64_t kernel, int64_t stride, int64_t pad) {
  return net.max_pool(x, kernel, stride, pad);
}
std::string average_pool(Net& net, const std::string& x, int64_t kernel, int64_t stride,
                         int64_t pad) {
  return net.average_pool(x, kernel, stride, pad);
}

template <auto kPool>
Result<void> build_pool(NetState& s, Words& words) {
  BURIN_TRY(want_picture(s, words));
  BURIN_ASSIGN(int64_t kernel, words.square("window", kMaxKernel));
  BURIN_ASSIGN(int64_t stride, words.option("stride", kernel, 1, kMaxStride));
  BURIN_ASSIGN(int64_t pad, words.option("pad", 0, 0, kernel / 2));
  Dims out = {s.sample[0], windows(s.sample[1], kernel, stride, pad),
              windows(s.sample[2], kernel, stride, pad)};
  BURIN_TRY(set_picture(s, words, std::move(out)));
  s.value = kPool(s.net, s.value, kernel, stride, pad);
  return {};
}

void flatten(NetState& s) {
  if (s.sample.size() != 3) return;
  s.value = s.net.flatten(s.value);
  s.sample = {s.sample[0] * s.sample[1] * s.sample[2]};
}

Result<void> build_flatten(NetState& s, Words& words) {
  BURIN_TRY(want_picture(s, words));
  flatten(s);
  return {};
}

Result<void> build_globalpool(NetState& s, Words& words) {
  BURIN_TRY(want_picture(s, words));
  s.value = s.net.flatten(s.net.global_average_pool(s.value));
  s.sample = {s.sample[0]};
  return {};
}

Result<void> build_dense(NetState& s, Words& words) {
  int64_t out = s.classes;
  if (!words.accept("classes")) {
    BURIN_ASSIGN(out, words.number("number of outputs (or 'classes')", 1, 1 << 20));
  }
  BURIN_ASSIGN(std::string_view activation, activation_word(words));
  flatten(s);
  auto count = checked_mul(s.sample[0] + 1, out);
  BURIN_TRY(take_weights(s, words, count.value_or(kMaxValues * 64)));
  bool halved = activation.ends_with("relu");  // half of its power goes
  s.value = s.net.dense(s.value, s.sample[0], out, halved ? 2 : 1);
  s.sample = {out};
  activate(s, activation);
  return {};
}

Result<void> build_batchnorm(NetState& s, Words& words) {
  BURIN_TRY(normalise(s, words));
  BURIN_ASSIGN(std::string_view activation, activation_word(words));
  activate(s, activation);
  return {};
}

Result<void> build_dropout(NetState& s, Words& words) {
  BURIN_ASSIGN(double ratio, words.share("share to drop"));
  s.value = s.net.node("Dropout", {s.value, s.net.scalar(static_cast<float>(ratio))});
  return {};
}

constexpr Layer kLayerKinds[] = {
    {"input",
     {"input CxHxW | input N", "first line: pictures of C channels, or rows of N values"},
     nullptr},
    {"classes", {"classes N", "what 'classes' means where no samples say it (2)"}, nullptr},
    {"conv",
     {"conv OUT KxK [stride N] [pad N] [groups N] [norm] [ACTIVATION]",
      "convolution; pad (K-1)/2 keeps the size; norm: batch normalisation in place of a bias"},
     build_conv},
    {"depthwise",
     {"depthwise KxK [stride N] [pad N] [norm] [ACTIVATION]", "a filter for each channel"},
     build_depthwise},
    {"maxpool",
     {"maxpool K [stride N] [pad N]", "largest of K x K; stride K"},
     build_pool<max_pool>},
    {"avgpool",
     {"avgpool K [stride N] [pad N]", "mean of K x K; stride K"},
     build_pool<average_pool>},
    {"globalpool", {"globalpool", "mean of each channel: C values"}, build_globalpool},
    {"flatten",
     {"flatten", "a picture as a row of values; dense does it by itself"},
     build_flatten},
    {"dense", {"dense OUT|classes [ACTIVATION]", "every output from every input"}, build_dense},
    {"batchnorm",
     {"batchnorm [ACTIVATION]", "batch normalisation of each channel"},
     build_batchnorm},
    {"dropout", {"dropout P", "in training a share P of the values is dropped"}, build_dropout},
    {"ACTIVATION",
     {"ACTIVATION", "relu, leakyrelu, silu, gelu, hardswish, sigmoid, tanh or softmax"},
     nullptr},
    {"residual",
     {"residual ... end [ACTIVATION]",
      "adds what went in to what comes out; a 1x1 convolution where the shapes differ"},
     nullptr},
    {"repeat", {"repeat N ... end", "the lines between, N times"}, nullptr},
};

}  // namespace

std::span<const Layer> layers() { return kLayerKinds; }

bool is_activation(std::string_view name) { return find_activation(name) != nullptr; }

Result<std::string_view> activation_word(Words& words) {
  if (words.empty()) return std::string_view();
  std::string_view word = words.next();
  if (find_activation(word) && words.empty()) return word;
  std::string_view wrong = find_activation(word) ? words.next() : word;
  return words.fail("'" + std::string(wrong) + "' is not understood here",
                    "the line may end in an activation: " + activation_names());
}

void activate(NetState& s, std::string_view name) {
  if (const Activation* a = find_activation(name)) s.value = a->apply(s.net, s.value);
}

Result<void> take_weights(NetState& s, const Words& words, int64_t count) {
  s.weights += count;
  if (s.weights <= s.max_weights) return {};
  return words.fail("the network has more weights than memory allows",
                    "fewer channels, a globalpool before dense layers, or a larger --max-memory");
}

std::string shape_text(const Dims& sample) {
  std::string text;
  for (int64_t d : sample) text += (text.empty() ? "" : "x") + std::to_string(d);
  return text;
}

Result<void> add_shortcut(NetState& s, const Words& words, const std::string& shortcut,
                          const Dims& from) {
  const Dims& to = s.sample;
  std::string value = s.value, other = shortcut;
  if (from != to) {
    auto refuse = [&] {
      return words.fail("cannot add " + shape_text(from) + " to " + shape_text(to),
                        "a residual block may change channels and shrink by a whole stride");
    };
    if (from.size() != 3 || to.size() != 3) return refuse();
    int64_t stride = ceil_div(from[1], to[1]);
    if (stride > kMaxStride || windows(from[1], 1, stride, 0) != to[1] ||
        windows(from[2], 1, stride, 0) != to[2]) {
      return refuse();
    }
    BURIN_TRY(take_weights(s, words, from[0] * to[0]));
    s.value = s.net.conv(
        shortcut, {.in = from[0], .out = to[0], .kernel = 1, .stride = stride, .bias = false});
    BURIN_TRY(normalise(s, words));
    other = s.value;
  }
  s.value = s.net.add(value, other);
  return {};
}

}  // namespace burin::zoo
