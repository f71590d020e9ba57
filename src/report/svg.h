// Pieces of SVG that several pictures are made of. Coordinates are those of the picture's viewBox.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace burin::report {

// <svg>, to be closed by the caller; `label` is for those who do not see it.
std::string svg_head(double width, double height, std::string_view label);
std::string svg_line(std::string_view kind, double x1, double y1, double x2, double y2);
std::string svg_text(std::string_view kind, double x, double y, std::string_view text);

// Round numbers from low to high, at most about `count`.
std::vector<double> round_ticks(double low, double high, int count);

}  // namespace burin::report
