// The summary at the top and the bars below it: shares of time as widths.
#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "report/parts.h"

namespace burin::report {

namespace {

using driver::Bound;

constexpr Bound kBounds[] = {Bound::compute, Bound::l2, Bound::l3, Bound::memory};

// The kernels of a run side by side, as wide as they take time.
std::string strip(const Subject& subject) {
  const driver::Profile& p = subject.profile;
  std::string out = "<div class='strip'>";
  for (size_t i = 0; i < p.kernels.size(); ++i) {
    const driver::KernelTime& k = p.kernels[i];
    out += fmt::format(
        "<i class='{}' style='flex:{:.4f}' title='{}'><s style='height:{:.0f}%'></s></i>",
        class_of(k.roof.bound), 1000 * k.seconds / p.kernel_seconds(), escaped(tooltip(subject, i)),
        100 * std::clamp(1 - k.share(), 0.0, 1.0));
  }
  return out + "</div>\n";
}

// How much of the time each bound explains.
std::string legend(const Subject& subject) {
  const driver::Profile& p = subject.profile;
  std::string out = "<p class='legend'>";
  for (Bound bound : kBounds) {
    double seconds = 0;
    for (const driver::KernelTime& k : p.kernels) seconds += k.roof.bound == bound ? k.seconds : 0;
    if (seconds == 0) continue;
    out += fmt::format("<span><i class='{}'></i>{} {} ({:.0f} %)</span>", class_of(bound),
                       bound == Bound::compute ? "bound by arithmetic"
                                               : fmt::format("by {}", driver::name_of(bound)),
                       human_seconds(seconds), 100 * seconds / p.kernel_seconds());
  }
  return out + "<span><i class='lost'></i>pale: above the roof, lost</span></p>\n";
}

// What one sentence can say.
std::string verdict(const Subject& subject) {
  const driver::Profile& p = subject.profile;
  const auto& steps = subject.compiled.program.steps;
  double total = p.kernel_seconds(), roof = p.roof_seconds();
  std::vector<size_t> order(p.kernels.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return p.kernels[a].lost() > p.kernels[b].lost(); });
  std::string most;
  double lost = 0, all_lost = 0;
  for (const driver::KernelTime& k : p.kernels) all_lost += std::max(k.lost(), 0.0);
  for (size_t i = 0; i < std::min<size_t>(3, order.size()); ++i) {
    lost += std::max(p.kernels[order[i]].lost(), 0.0);
    most += (i ? ", " : "") + steps[order[i]].name;
  }
  std::string where;
  if (all_lost > 0) {
    where = fmt::format(" Of what is lost, {:.0f} % is in {}.", 100 * lost / all_lost, most);
  }
  return fmt::format(
      "<p class='verdict'>The kernels of one run take <b>{}</b>. At this machine&#39;s limits they "
      "would take <b>{}</b>.{}</p>\n",
      human_seconds(total), human_seconds(roof), escaped(where));
}

}  // namespace

std::string summary_part(const Subject& subject) {
  const driver::Profile& p = subject.profile;
  double flops = 0;
  for (const runtime::Step& s : subject.compiled.program.steps) flops += s.flops;
  std::string out = "<div class='figures'>\n";
  out += figure(human_seconds(p.run), "one run, median");
  out += figure(human_seconds(p.roof_seconds()), "at the machine's limits");
  out += figure(fmt::format("{:.0f} %", 100 * p.roof_seconds() / p.kernel_seconds()),
                "of the roof reached");
  out += figure(fmt::format("{:.0f}", flops / p.run / 1e9),
                fmt::format("GFLOP/s of {:.0f}", p.limits.flops / 1e9));
  return out + "</div>\n" + verdict(subject) + strip(subject) + legend(subject);
}

std::string timeline_part(const Subject& subject) {
  const driver::Profile& p = subject.profile;
  double longest = 1e-12;
  for (const driver::KernelTime& k : p.kernels) longest = std::max(longest, k.seconds);
  std::string out = "<div class='bars'>\n";
  for (size_t i = 0; i < p.kernels.size(); ++i) {
    const driver::KernelTime& k = p.kernels[i];
    double width = 100 * k.seconds / longest;
    out += fmt::format(
        "<div class='bar' title='{}'><span class='name'>{}</span><span class='track'><i class='{}' "
        "style='width:{:.2f}%'><s style='width:{:.1f}%'></s></i></span><span class='time'>{}"
        "</span><span class='share'>{:.0f} %</span></div>\n",
        escaped(tooltip(subject, i)), escaped(subject.compiled.program.steps[i].name),
        class_of(k.roof.bound), width, 100 * std::clamp(1 - k.share(), 0.0, 1.0),
        human_seconds(k.seconds), 100 * k.share());
  }
  return out + "</div>\n";
}

}  // namespace burin::report
