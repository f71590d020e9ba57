// Curves over epochs: a grid, a line each, and its last value at its end.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/parts.h"
#include "report/svg.h"
#include "report/training_parts.h"

namespace burin::report {

namespace {

constexpr double kLeft = 52, kRight = 118, kTop = 14, kBottom = 40;
constexpr size_t kDots = 40;         // curves of so many points show them
constexpr double kLabelHeight = 15;  // between the names of curves

class Picture {
 public:
  explicit Picture(const Chart& chart) : chart_(chart) {
    double low = INFINITY, high = -INFINITY;
    for (const Curve& curve : chart.curves) {
      for (auto [x, y] : curve.points) {
        if (std::isfinite(y)) low = std::min(low, y), high = std::max(high, y);
      }
    }
    if (!(low <= high)) low = 0, high = 1;
    double margin = high > low ? 0.06 * (high - low) : std::max(0.1 * std::abs(high), 1e-9);
    low_ = std::max(low - margin, 0.0), high_ = high + margin;
    if (chart.percent) high_ = std::min(high_, 1.0);
    if (low_ >= high_) low_ = high_ - 0.1;
  }

  std::string draw() {
    std::string out = svg_head(chart_.width, chart_.height, chart_.title) + grid();
    if (chart_.marked > 0) {
      out += svg_line("best", x(chart_.marked), kTop, x(chart_.marked), bottom());
      out += svg_text("tick middle", x(chart_.marked), kTop - 3, "best");
    }
    for (const Curve& curve : chart_.curves) out += line(curve);
    return out + names() + "</svg>\n";
  }

 private:
  double bottom() const { return chart_.height - kBottom; }
  double right() const { return chart_.width - kRight; }
  double first() const { return chart_.epochs > 1 ? 0 : 0.5; }
  double x(double epoch) const {
    return kLeft + (right() - kLeft) * (epoch - first()) / (chart_.epochs - first());
  }
  double y(double value) const {
    return bottom() - (bottom() - kTop) * (value - low_) / (high_ - low_);
  }
  std::string value_text(double value) const {
    return chart_.percent ? fmt::format("{:.4g} %", 100 * value) : fmt::format("{:.3g}", value);
  }

  std::string grid() const {
    std::string out;
    for (double tick : round_ticks(low_, high_, 5)) {
      out += svg_line("grid", kLeft, y(tick), right(), y(tick));
      out += svg_text("tick end", kLeft - 8, y(tick) + 4, value_text(tick));
    }
    for (double tick : round_ticks(first(), chart_.epochs, 8)) {
      if (tick != std::round(tick)) continue;
      out += svg_text("tick middle", x(tick), bottom() + 17, fmt::format("{:g}", tick));
    }
    return out + svg_text("axis middle", (kLeft + right()) / 2, chart_.height - 5, "epochs");
  }

  std::string line(const Curve& curve) const {
    std::string points, dots;
    for (auto [epoch, value] : curve.points) {
      if (!std::isfinite(value)) continue;
      points += fmt::format("{:.1f},{:.1f} ", x(epoch), y(value));
      dots += fmt::format(
          "<circle class='point {}' cx='{:.1f}' cy='{:.1f}' r='3'><title>{}, epoch {:g}: "
          "{}</title></circle>\n",
          curve.kind, x(epoch), y(value), escaped(curve.name), epoch, value_text(value));
    }
    std::string out = fmt::format("<polyline class='curve {}' points='{}'/>\n", curve.kind, points);
    return curve.points.size() <= kDots ? out + dots : out;
  }

  // Each beside the end of its curve, moved apart where two ends are near each other.
  std::string names() const {
    struct Name {
      double y;
      const Curve* curve;
      double value;
    };
    std::vector<Name> list;
    for (const Curve& curve : chart_.curves) {
      auto last = std::find_if(curve.points.rbegin(), curve.points.rend(),
                               [](const auto& p) { return std::isfinite(p.second); });
      if (last != curve.points.rend()) list.push_back({y(last->second), &curve, last->second});
    }
    std::ranges::sort(list, {}, &Name::y);
    for (size_t i = 1; i < list.size(); ++i) {
      list[i].y = std::max(list[i].y, list[i - 1].y + 2 * kLabelHeight);
    }
    double over = list.empty() ? 0 : std::max(0.0, list.back().y + kLabelHeight - bottom());
    std::string out;
    for (const Name& name : list) {
      double at = name.y - over;
      out += svg_text(fmt::format("name {}", name.curve->kind), right() + 10, at, name.curve->name);
      out += svg_text("tick", right() + 10, at + kLabelHeight, value_text(name.value));
    }
    return out;
  }

  const Chart& chart_;
  double low_ = 0, high_ = 1;
};

}  // namespace

std::string chart_svg(const Chart& chart) { return Picture(chart).draw(); }

}  // namespace burin::report
