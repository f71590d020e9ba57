// The roofline: attainable operations per second over operations per byte, both logarithmic.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"
#include "report/parts.h"
#include "report/svg.h"

namespace burin::report {

namespace {

using driver::Bound;

constexpr double kRoofWidth = 1120, kRoofHeight = 520;
constexpr double kRoofLeft = 64, kRoofRight = 24, kRoofTop = 20, kRoofBottom = 48;
constexpr double kLargest = 30, kSmallest = 3.5;  // radii of dots
constexpr size_t kLabels = 8;

// An axis of powers of ten.
struct Axis {
  double low, high, from, to;  // values, and where they are drawn

  double at(double value) const {
    double share = std::log(std::clamp(value, low, high) / low) / std::log(high / low);
    return from + share * (to - from);
  }
};

struct Dot {
  size_t step = 0;
  double x = 0, y = 0, radius = 0;
};

class Roofline {
 public:
  explicit Roofline(const Subject& subject) : subject_(subject), limits_(subject.profile.limits) {
    double least = 1e30, most = 0, slowest = limits_.flops / 30;
    for (size_t i = 0; i < steps().size(); ++i) {
      if (!shown(i)) continue;
      least = std::min(least, intensity(i));
      most = std::max(most, intensity(i));
      slowest = std::min(slowest, speed(i));
    }
    double ridge = limits_.flops / limits_.memory;
    least = std::max(std::min(least, ridge / 100), 1e-3), most = std::max(most, ridge * 4);
    slowest = std::max(slowest, limits_.flops / 1e4);
    x_ = {least / 1.6, most * 1.6, kRoofLeft, kRoofWidth - kRoofRight};
    y_ = {slowest / 1.8, limits_.flops * 1.7, kRoofHeight - kRoofBottom, kRoofTop};
    place_dots();
  }

  std::string draw() const {
    std::string out = svg_head(kRoofWidth, kRoofHeight, "roofline");
    return out + grid() + roofs() + dots() + labels() + peak_label() + "</svg>\n";
  }

  size_t left_out() const { return steps().size() - dots_.size(); }

 private:
  const std::vector<runtime::Step>& steps() const { return subject_.compiled.program.steps; }
  bool shown(size_t i) const { return steps()[i].performed > 0 && steps()[i].bytes > 0; }
  double intensity(size_t i) const { return steps()[i].performed / steps()[i].bytes; }
  double speed(size_t i) const {
    return steps()[i].performed / subject_.profile.kernels[i].seconds;
  }

  void place_dots() {
    double total = subject_.profile.kernel_seconds();
    for (size_t i = 0; i < steps().size(); ++i) {
      if (!shown(i)) continue;
      double share = subject_.profile.kernels[i].seconds / total;
      double radius = std::clamp(std::sqrt(share) * 75, kSmallest, kLargest);
      dots_.push_back({i, x_.at(intensity(i)), y_.at(speed(i)), radius});
    }
    // Small ones in front.
    std::stable_sort(dots_.begin(), dots_.end(),
                     [](const Dot& a, const Dot& b) { return a.radius > b.radius; });
  }

  std::string grid() const {
    std::string out;
    for (int power = -4; power <= 15; ++power) {
      double value = std::pow(10.0, power);
      if (value > x_.low && value < x_.high) {
        out += svg_line("grid", x_.at(value), kRoofTop, x_.at(value), kRoofHeight - kRoofBottom);
        out += svg_text("tick middle", x_.at(value), kRoofHeight - kRoofBottom + 16,
                        fmt::format("{:g}", value));
      }
      for (double part : {1.0, 2.0, 5.0}) {
        double y = value * part;
        if (y < y_.low || y > y_.high) continue;
        out += svg_line("grid", kRoofLeft, y_.at(y), kRoofWidth - kRoofRight, y_.at(y));
        out += svg_text("tick end", kRoofLeft - 8, y_.at(y) + 4, fmt::format("{:g}", y / 1e9));
      }
    }
    out += svg_text("axis middle", (kRoofLeft + kRoofWidth - kRoofRight) / 2, kRoofHeight - 10,
                    "operations per byte that must be moved");
    out += fmt::format(
        "<text class='axis middle' transform='translate(16 {:.0f}) rotate(-90)'>GFLOP/s</text>\n",
        (kRoofTop + kRoofHeight - kRoofBottom) / 2);
    return out;
  }

  // The peak, and for each level of memory the line along which it is the limit.
  std::string roofs() const {
    std::string out;
    double widest = std::max({limits_.l2, limits_.l3, limits_.memory});
    double peak_y = y_.at(limits_.flops);
    out += svg_line("roof compute", x_.at(std::max(limits_.flops / widest, x_.low)), peak_y,
                    kRoofWidth - kRoofRight, peak_y);
    for (Bound level : {Bound::l2, Bound::l3, Bound::memory}) {
      double rate = driver::bandwidth_of(limits_, level);
      double begin = std::max(x_.low, y_.low / rate), end = std::min(limits_.flops / rate, x_.high);
      if (begin >= end) continue;
      double x1 = x_.at(begin), y1 = y_.at(begin * rate), x2 = x_.at(end), y2 = y_.at(end * rate);
      out += svg_line(fmt::format("roof {}", class_of(level)), x1, y1, x2, y2);
      double slope = std::atan2(y2 - y1, x2 - x1) * 180 / 3.14159265358979;
      double along = 0.06;
      out += fmt::format(
          "<text class='roofname {}' transform='translate({:.1f} {:.1f}) rotate({:.1f})'>{}, "
          "{:.0f} "
          "GB/s</text>\n",
          class_of(level), x1 + along * (x2 - x1), y1 + along * (y2 - y1) - 6, slope,
          driver::name_of(level), rate / 1e9);
    }
    return out;
  }

  std::string peak_label() const {
    double widest = std::max({limits_.l2, limits_.l3, limits_.memory});
    double x = x_.at(std::max(limits_.flops / widest, x_.low));
    return svg_text("roofname", x, y_.at(limits_.flops) - 8,
                    fmt::format("{:.0f} GFLOP/s, the peak", limits_.flops / 1e9));
  }

  std::string dots() const {
    std::string out;
    for (const Dot& dot : dots_) {
      Bound bound = subject_.profile.kernels[dot.step].roof.bound;
      out += fmt::format(
          "<circle class='dot {}' cx='{:.1f}' cy='{:.1f}' r='{:.1f}'><title>{}</title>"
          "</circle>\n",
          class_of(bound), dot.x, dot.y, dot.radius, escaped(tooltip(subject_, dot.step)));
    }
    return out;
  }

  // Names of the largest dots, where they do not run into each other.
  std::string labels() const {
    std::string out;
    std::vector<std::pair<double, double>> taken;
    for (const Dot& dot : dots_) {
      if (taken.size() == kLabels) break;
      double x = std::clamp(dot.x, kRoofLeft + 40, kRoofWidth - kRoofRight - 50),
             y = dot.y + dot.radius + 13;
      bool free = y < kRoofHeight - kRoofBottom &&
                  std::all_of(taken.begin(), taken.end(), [&](const auto& t) {
                    return std::abs(t.first - x) > 90 || std::abs(t.second - y) > 13;
                  });
      if (!free) continue;
      taken.push_back({x, y});
      std::string name = steps()[dot.step].name;
      if (name.size() > 24) name = "…" + name.substr(name.size() - 23);
      out += svg_text("label middle", x, y, name);
    }
    return out;
  }

  const Subject& subject_;
  const driver::Limits& limits_;
  Axis x_{}, y_{};
  std::vector<Dot> dots_;  // large ones first
};

}  // namespace

std::string roofline_part(const Subject& subject) {
  Roofline picture(subject);
  std::string out = picture.draw();
  if (size_t left_out = picture.left_out()) {
    out += fmt::format("<p class='note'>{} kernel{} that only move{} data {} not shown.</p>\n",
                       left_out, left_out == 1 ? "" : "s", left_out == 1 ? "s" : "",
                       left_out == 1 ? "is" : "are");
  }
  return out;
}

std::string roofline_svg(const Subject& subject) {
  std::string out = Roofline(subject).draw();
  size_t head = out.find('\n') + 1;
  return out.substr(0, head) + "<style>" + std::string(page_style()) + "</style>\n" +
         out.substr(head);
}

}  // namespace burin::report
