// burin profile: the page stands by itself, the picture is a picture, the trace is a trace.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "runtime/run_ahead.h"
#include "tests/support/command.h"
#include "tests/support/html.h"
#include "tests/support/temp_folder.h"

namespace burin::test {

namespace {}  // namespace

TEST(Profile, PageStandsByItself) {
  TempFolder folder;
  CommandResult result =
      run_burin("profile lenet --seconds 0.05 --threads 1 -o " + folder.file("report.html"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("at the machine's limits"), std::string::npos) << result.out;
  std::string page = read_file(folder.file("report.html"));
  expect_nested(page);
  expect_self_contained(page);
  EXPECT_EQ(count(page, "<div class='bar'"), 7u);
  EXPECT_EQ(count(page, "<circle class='dot "), 7u);
  EXPECT_EQ(count(page, "<svg "), 2u);
  for (const char* part : {"Conv_2", "not depthwise", "prefers-color-scheme", "GFLOP/s", "arena"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

TEST(Profile, RooflineAloneIsAnSvg) {
  TempFolder folder;
  std::string path = folder.file("roofline.svg");
  ASSERT_EQ(run_burin("profile mlp --seconds 0.05 -o " + path).exit_code, 0);
  std::string picture = read_file(path);
  EXPECT_TRUE(picture.starts_with("<svg ")) << picture.substr(0, 100);
  expect_nested(picture);
  EXPECT_EQ(count(picture, "<circle class='dot "), 3u);
}

class ProfileTrace : public testing::TestWithParam<int> {};

TEST_P(ProfileTrace, LanesDoNotOverlapAndCoverTheRun) {
  TempFolder folder;
  std::string path = folder.file("trace.json");
  CommandResult result = run_burin("profile catdog --seconds 0.05 --trace " + path + " --threads " +
                                   std::to_string(GetParam()));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  auto trace = nlohmann::json::parse(read_file(path));
  std::map<int, double> last;              // the end of the latest event of each lane
  std::map<std::string, double> duration;  // by category
  std::map<std::string, int> events;
  int tiles = 0;
  for (const auto& event : trace["traceEvents"]) {
    if (event["ph"] != "X") continue;
    int lane = event["tid"];
    double begin = event["ts"], length = event["dur"];
    EXPECT_GE(begin, last[lane] - 0.002) << event;  // times are rounded
    EXPECT_GE(length, 0) << event;
    last[lane] = begin + length;
    std::string category = event["cat"];
    duration[category] += length;
    ++events[category];
    if (category != "kernel") continue;
    tiles += event["args"]["tiles"].get<int>();
    EXPECT_GT(event["args"]["bytes"].get<double>(), 0) << event;
    EXPECT_NE(event["args"]["algorithm"], "") << event;
  }
  EXPECT_GE(events["compile"], 5);  // load, import, passes, lower, engrave
  EXPECT_GE(events["kernel"], 5);
  EXPECT_EQ(events["tile"], tiles);
  // Tiles of a worker lie inside their kernels.
  EXPECT_LE(duration["tile"], GetParam() * duration["kernel"] + 0.01 * tiles);
  // One lane of compiling, one for each worker, and kernels in one lane where none may overlap.
  EXPECT_LE(static_cast<int>(last.size()), GetParam() == 1 ? 3 : 2 + runtime::kMostLag + 1 + 2);
}
INSTANTIATE_TEST_SUITE_P(OneAndTwo, ProfileTrace, testing::Values(1, 2));

TEST(Profile, WantsAFileToWrite) {
  TempFolder folder;
  EXPECT_EQ(run_burin("profile lenet").exit_code, 1);
  EXPECT_EQ(run_burin("profile lenet -o " + folder.file("no/such/folder/x.html")).exit_code, 1);
  EXPECT_EQ(run_burin("profile").exit_code, 2);
  EXPECT_NE(run_burin("profile --help").out.find("Example: burin profile"), std::string::npos);
}

}  // namespace burin::test
