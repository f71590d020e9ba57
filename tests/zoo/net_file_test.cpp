// Net files: what they mean, and that mistakes and attacks are errors of one line.
#include "zoo/net_file.h"

#include <gtest/gtest.h>

#include "driver/model.h"
#include "tests/support/temp_folder.h"
#include "zoo/save.h"

namespace burin::zoo {
namespace {

std::string source(const std::string& path) { return std::string(BURIN_SOURCE_DIR) + "/" + path; }

// The type of the output for batches of two.
std::string output_type(const std::string& text) {
  auto net = parse_net(text, "my.net");
  if (!net) return net.error().text();
  auto model = driver::Model::from_memory("my.net", *to_bytes(*std::move(net)));
  if (!model) return model.error().text();
  driver::InputSpec input{"input", {DType::f32, {2}}, {}};
  Dims dims = {2};
  const auto& port = (*model)->proto().graph.inputs[0];
  for (size_t i = 1; i < port.dims->size(); ++i) dims.push_back(*(*port.dims)[i].size);
  input.type.shape = Shape(dims);
  auto imported = (*model)->import(std::span(&input, 1));
  if (!imported) return imported.error().text();
  return imported->graph.type(imported->graph.outputs[0].node).text();
}

std::string error_of(const std::string& text) {
  auto net = parse_net(text, "my.net");
  return net ? "no error" : net.error().text();
}

TEST(NetFile, TheExampleIsTheBuiltInNetwork) {
  auto net = read_net(source("examples/catdog.net"), {.seed = 3});
  ASSERT_TRUE(net) << net.error().text();
  EXPECT_EQ(**to_bytes(*std::move(net)), **to_bytes(*find("catdog"), 3));
}

TEST(NetFile, LayersMakeTheShapesThatTheySay) {
  EXPECT_EQ(output_type("input 784\ndense 10"), "f32[2x10]");
  EXPECT_EQ(output_type("input 784\nclasses 7\ndense 32 gelu\ndropout 0.5\ndense classes softmax"),
            "f32[2x7]");
  EXPECT_EQ(output_type("input 3x32x32\nconv 8 3x3 stride 2 norm silu"), "f32[2x8x16x16]");
  EXPECT_EQ(output_type("input 3x32x32\nconv 8 5 pad 0\nmaxpool 2"), "f32[2x8x14x14]");
  EXPECT_EQ(output_type("input 4x9x7\ndepthwise 3x3 norm relu\navgpool 3 stride 2 pad 1"),
            "f32[2x4x5x4]");
  EXPECT_EQ(output_type("input 4x8x8\nconv 8 1 groups 4\nbatchnorm relu\ntanh\nglobalpool"),
            "f32[2x8]");
  EXPECT_EQ(output_type("input 4x8x8\nflatten"), "f32[2x256]");
}

TEST(NetFile, BlocksAddAndRepeat) {
  EXPECT_EQ(output_type("input 3x9x9\nresidual\nconv 3 3x3\nend relu"), "f32[2x3x9x9]");
  EXPECT_EQ(output_type("input 3x9x9\nresidual\n conv 6 3x3 stride 2\nend"), "f32[2x6x5x5]");
  EXPECT_EQ(output_type("input 3x64x64\nrepeat 2\nrepeat 2\nmaxpool 2\nend\nend"), "f32[2x3x4x4]");
  auto net = parse_net("input 8\nrepeat 3\nresidual\ndense 8 relu\nend\nend\n", "n");
  ASSERT_TRUE(net) << net.error().text();
  size_t adds = 0;
  for (const auto& node : net->nodes) adds += node.op_type == "Add";
  EXPECT_EQ(adds, 3u);
}

// The scales of the normalisations, in order.
std::vector<double> scales_of(const std::string& text) {
  auto net = parse_net(text, "n");
  EXPECT_TRUE(net) << net.error().text();
  std::vector<double> scales;
  for (const auto& initializer : net->initializers) {
    if (initializer.name.find("scale") != std::string::npos) {
      scales.push_back(initializer.value.as_double(0));
    }
  }
  return scales;
}

TEST(NetFile, ResidualBlocksChangeNothingAtFirst) {
  using Scales = std::vector<double>;
  std::string conv = "conv 3 3x3 norm\n", last = "conv 3 3x3 norm # last\n\nend relu\n";
  EXPECT_EQ(scales_of("input 3x8x8\nresidual\n" + conv + last + conv), (Scales{1, 0, 1}));
  EXPECT_EQ(scales_of("input 3x8x8\nresidual\nconv 3 3x3 norm relu\nend"), (Scales{1}));
  EXPECT_EQ(scales_of("input 3x8x8\nrepeat 2\n" + conv + "end"), (Scales{1, 1}));
}

TEST(NetFile, MistakesAreNamedWithTheirLine) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "no network"},
      {"conv 3 3x3", "my.net:1: the network begins with its input"},
      {"input 3x128", "my.net:1: no such input"},
      {"input 0x3x3", "my.net:1: '0' is no size"},
      {"input 3x8x8\n\nconv 32 3y3", "my.net:3: '3y3' is no kernel size"},
      {"input 3x8x8\nconv 32 3x5", "'3x5' is no kernel size"},
      {"input 3x8x8\nconv", "my.net:2: where is the number of channels?"},
      {"input 3x8x8\nconv -2 3x3", "'-2' is no number of channels"},
      {"input 3x8x8\nconv 8 3x3 rleu", "'rleu' is not understood here"},
      {"input 3x8x8\nconv 8 3x3 relu relu", "'relu' is not understood here"},
      {"input 3x8x8\nconv 8 3x3 groups 2", "2 groups do not divide 3 and 8"},
      {"input 3x8x8\nrelu 3", "'3' is not understood here"},
      {"input 3x8x8\nmaxpool 2\nmaxpool 2\nmaxpool 2\nmaxpool 2", "my.net:5: nothing is left"},
      {"input 9\nmaxpool 2", "takes a picture"},
      {"input 3x8x8\ndropout 2", "'2' is no share to drop"},
      {"input 3x8x8\nmagic", "there is no layer 'magic'"},
      {"input 3x8x8\nACTIVATION", "there is no layer 'ACTIVATION'"},
      {"input 3x8x8\nend", "there is no block"},
      {"input 3x8x8\nresidual\nconv 8 3x3", "my.net:2: this block has no 'end'"},
      {"input 3x8x8\nresidual\nconv 8 4 pad 0\nend", "cannot add 3x8x8 to 8x5x5"},
      {"input 3x8x8\nglobalpool 2", "'2' is too much here"},
      {"input 3x8x8\ninput 3x8x8", "one input"},
  };
  for (const auto& [text, message] : kCases) {
    std::string error = error_of(text);
    EXPECT_NE(error.find(message), std::string::npos) << text << "\n  " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
}

TEST(NetFile, AttacksAreRefusedAtOnce) {
  EXPECT_NE(error_of("input 3x16384x16384\nconv 9 3").find("no such input"), std::string::npos);
  EXPECT_NE(error_of("input 1x4096x4096\nconv 65536 3").find("too large"), std::string::npos);
  EXPECT_NE(error_of("input 67108864\ndense 1048576").find("more weights"), std::string::npos);
  EXPECT_NE(error_of("input 3x8x8\nrepeat 2000\nrepeat 2000\nend\nend").find("2000 layers"),
            std::string::npos);
  std::string deep = "input 3x8x8\n";
  for (int i = 0; i < 100; ++i) deep += "residual\n";
  EXPECT_NE(error_of(deep).find("16 blocks"), std::string::npos);
  EXPECT_NE(error_of(std::string(100000, '\n')).find("64 KiB"), std::string::npos);
  std::string bytes = test::read_file(source("examples/fashion.net"));
  for (size_t n = 0; n < bytes.size(); n += 5) {
    std::string damaged = bytes;
    damaged[n] = static_cast<char>(damaged[n] ^ 0x15);
    (void)parse_net(damaged, "my.net");  // an error or not, no crash
    (void)parse_net(bytes.substr(0, n), "my.net");
  }
  auto limited = parse_net("input 784\ndense 1000", "my.net", {.max_memory = 1 << 20});
  EXPECT_FALSE(limited);
}

TEST(NetFile, TheGuideShowsEveryLine) {
  std::string guide = test::read_file(source("docs/net-files.md"));
  for (const LayerSyntax& row : layer_syntax()) {
    std::string usage(row.usage);
    for (size_t at = 0; (at = usage.find('|', at)) != std::string::npos; at += 2) {
      usage.insert(at, "\\");
    }
    std::string line = "| `" + usage + "` | " + std::string(row.meaning) + " |";
    EXPECT_NE(guide.find(line), std::string::npos) << line;
  }
}

TEST(NetFile, ExamplesCanBeRead) {
  for (const char* name : {"catdog", "fashion", "photos"}) {
    auto net = read_net(source("examples/" + std::string(name) + ".net"));
    EXPECT_TRUE(net) << net.error().text();
  }
  auto missing = read_net(source("examples/none.net"));
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().reason.find("cannot open"), std::string::npos);
}

}  // namespace
}  // namespace burin::zoo
