// Elements, and the numbers along axes.
#include "report/svg.h"

#include <fmt/format.h>

#include <cmath>

#include "report/parts.h"

namespace burin::report {

std::string svg_head(double width, double height, std::string_view label) {
  return fmt::format(
      "<svg class='picture' viewBox='0 0 {} {}' xmlns='http://www.w3.org/2000/svg' role='img' "
      "aria-label='{}'>\n",
      width, height, escaped(label));
}

std::string svg_line(std::string_view kind, double x1, double y1, double x2, double y2) {
  return fmt::format("<line class='{}' x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}'/>\n", kind,
                     x1, y1, x2, y2);
}

std::string svg_text(std::string_view kind, double x, double y, std::string_view text) {
  return fmt::format("<text class='{}' x='{:.1f}' y='{:.1f}'>{}</text>\n", kind, x, y,
                     escaped(text));
}

std::vector<double> round_ticks(double low, double high, int count) {
  double rough = (high - low) / std::max(count, 1);
  if (!(rough > 0) || !std::isfinite(rough)) return {};
  double power = std::pow(10.0, std::floor(std::log10(rough))), step = 10 * power;
  for (double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough) step = factor * power;
  }
  std::vector<double> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) {
    ticks.push_back(k * step + 0.0);  // no -0
  }
  return ticks;
}

}  // namespace burin::report
