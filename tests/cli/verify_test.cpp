// burin verify: what it holds networks to.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "graph/builder.h"
#include "onnx/export.h"
#include "tests/support/command.h"
#include "tests/support/temp_folder.h"

namespace burin::test {

namespace {

// Writes (x + offset) - offset: rounding the sum alone costs up to half its last place.
std::string write_cancelling(const TempFolder& folder, double offset) {
  graph::Graph g;
  graph::Builder b(g);
  TensorType type{DType::f32, Shape{4096}};
  graph::NodeId large = b.full(type, offset);
  b.output("y", b.sub(b.add(b.input("x", type), large), large));
  auto writer = onnx::export_graph(g);
  EXPECT_TRUE(writer);
  EXPECT_TRUE(writer->save(folder.file("net.onnx")));
  return folder.file("net.onnx");
}

nlohmann::json verify(const std::string& arguments, int exit_code) {
  CommandResult result = run_burin("verify " + arguments + " --json");
  EXPECT_EQ(result.exit_code, exit_code) << result.out << result.err;
  return nlohmann::json::parse(result.out);
}

TEST(VerifyVerb, HoldsExactOutputsToWhatRoundingAllows) {
  TempFolder folder;
  std::string net = write_cancelling(folder, 2048);  // half a last place is 2^-13
  for (const char* mode : {"", " --exact"}) {
    auto report = verify(net + mode, 0);
    EXPECT_NEAR(report["rounding"][0]["absolute_error"].get<double>(), 0x1p-13, 1e-6);
    EXPECT_GT(report["rounding"][0]["relative_error"].get<double>(), 2e-5);
  }
  verify(net + " --tolerance 1e-5", 1);
}

TEST(VerifyVerb, HoldsNoOutputToLessThanTheTolerance) {
  TempFolder folder;
  auto report = verify(write_cancelling(folder, 0x1p20), 1);
  EXPECT_GT(report["rounding"][0]["relative_error"].get<double>(), 1e-3);
  EXPECT_FALSE(report["exact"][0]["ok"].get<bool>());
}

TEST(VerifyVerb, HoldsExactOutputsOfTameNetworksToAFifth) {
  auto report = verify("lenet", 0);
  EXPECT_LT(report["rounding"][0]["relative_error"].get<double>(), 1e-6);
  EXPECT_EQ(report["exact"][0]["tolerance"].get<double>(), 0.2 * 1e-4);
}

}  // namespace

}  // namespace burin::test
