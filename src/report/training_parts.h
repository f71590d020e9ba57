// The parts of the page of a training, each a piece of HTML or SVG; report/training.cpp puts them
// together.
#pragma once

#include <string>
#include <string_view>

#include "report/training.h"

namespace burin::report {

// A line of a chart; what is not finite is left out.
struct Curve {
  std::string name;
  std::string_view kind;  // its class: "train", "validation" or "rate"
  std::vector<std::pair<double, double>> points;
};

struct Chart {
  std::string title;
  std::vector<Curve> curves;
  double epochs = 1;     // where the horizontal axis ends
  bool percent = false;  // values are shares, shown as per cent
  double marked = 0;     // the epoch of the best network; 0 for none
  double width = 560, height = 300;
};

std::string chart_svg(const Chart& chart);
std::string confusion_part(const Training& training);  // a table, or the largest confusions
std::string mistakes_part(const Training& training);
std::string balance_part(const Training& training);
std::string_view training_style();  // CSS beside page_style()

}  // namespace burin::report
