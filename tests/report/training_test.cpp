// The page of a training: what is in it, and that no name can break it.
#include "report/training.h"

#include <gtest/gtest.h>

#include <cmath>

#include "report/parts.h"
#include "report/svg.h"
#include "report/training_parts.h"
#include "tests/support/html.h"

namespace burin::report {
namespace {

Training small_training() {
  Training t;
  t.network = "my <net>.onnx";
  t.samples = "photos & more/";
  t.epochs = {
      {1, 0.9, 0.6, 0.8, 0.65, 10}, {2, 0.5, 0.8, 0.6, 0.75, 10}, {3, 0.2, 0.95, 0.7, 0.7, 9}};
  for (int i = 0; i < 30; ++i) t.learning_rates.emplace_back(i / 10.0, 0.1 / (i + 1));
  t.classes = {"c'at", "<dog>"};
  t.confusion = {40, 10, 5, 45};
  t.training_samples = {500, 480};
  t.validation_samples = {50, 50};
  t.mistakes = {{"a/\"x\".jpg", 0, 1, 0.01, 0.99, 28, 28, {1, 2, 3}}};
  t.mistakes_in_all = 15;
  t.settings = {{"epochs", "3"}, {"optimiser", "<adamw>"}};
  return t;
}

TEST(TrainingPage, StandsByItselfWhateverNamesAre) {
  std::string page = training_page(small_training());
  test::expect_nested(page);
  test::expect_self_contained(page);
  EXPECT_EQ(page.find("<net>"), page.npos);
  EXPECT_EQ(page.find("<dog>"), page.npos);
  EXPECT_EQ(page.find("c'at"), page.npos);
  EXPECT_NE(page.find("75.00 %"), page.npos);  // the best validation accuracy
  EXPECT_NE(page.find("2 of 3"), page.npos);   // its epoch
  EXPECT_NE(page.find("AQID"), page.npos);     // the picture
  EXPECT_NE(page.find("and 14 more mistakes"), page.npos);
  EXPECT_NE(page.find("better than others"), page.npos);  // 95 % against 70 %
  EXPECT_EQ(test::count(page, "<svg"), 3u);
}

TEST(TrainingPage, ShowsMatricesWithTheirSharesAndLongOnesAsLists) {
  Training t = small_training();
  std::string table = confusion_part(t);
  EXPECT_NE(table.find("80.0 %"), table.npos);  // 40 of 50 found
  EXPECT_NE(table.find("88.9 %"), table.npos);  // 40 of 45 right
  EXPECT_EQ(test::count(table, "class='cell"), 4u);
  t.classes.assign(100, "x");
  t.confusion.assign(100 * 100, 1);
  std::string list = confusion_part(t);
  test::expect_nested(list);
  EXPECT_EQ(test::count(list, "<tr>"), 31u);
}

TEST(TrainingPage, SurvivesTrainingsWithoutNumbers) {
  Training t = small_training();
  t.epochs = {{1, std::nan(""), 0.5, INFINITY, 0.5, 1}};
  t.mistakes.clear();
  std::string page = training_page(t);
  test::expect_nested(page);
  EXPECT_NE(page.find("no longer a number"), page.npos);
  EXPECT_EQ(page.find("'nan"), page.npos);
  t.epochs.clear();
  t.learning_rates.clear();
  test::expect_nested(training_page(t));
}

TEST(TrainingPage, ChartsHavePointsWithinTheirFrame) {
  Chart chart{"loss", {{"training", "train", {{1, 3.0}, {2, 1.0}, {3, NAN}, {4, 2.0}}}}, 4};
  std::string svg = chart_svg(chart);
  test::expect_nested(svg);
  EXPECT_EQ(test::count(svg, "<circle"), 3u);
  for (size_t at = svg.find("cx='"); at != svg.npos; at = svg.find("cx='", at + 1)) {
    double x = std::stod(svg.substr(at + 4)), y = std::stod(svg.substr(svg.find("cy='", at) + 4));
    EXPECT_TRUE(x >= 0 && x <= chart.width && y >= 0 && y <= chart.height) << x << ", " << y;
  }
}

TEST(ReportText, TicksAreRoundAndBase64IsThatOfTheStandard) {
  EXPECT_EQ(round_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(round_ticks(0.2, 0.31, 2), (std::vector<double>{0.2, 0.30000000000000004}));
  EXPECT_TRUE(round_ticks(1, 1, 5).empty());
  auto encoded = [](std::string_view text) {
    return base64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace burin::report
