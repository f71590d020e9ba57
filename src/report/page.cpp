// The page: sections in the order in which a reader asks.
#include <fmt/format.h>

#include "report/parts.h"

namespace burin::report {

namespace {

std::string head(const Subject& subject) {
  const driver::Limits& limits = subject.profile.limits;
  return fmt::format(
      "<header><h1>{}</h1><p>engraved by Burin for {} · {} · {} thread{}</p></header>\n",
      escaped(subject.model), escaped(subject.target.cpu_name), escaped(subject.target.name),
      limits.threads, limits.threads == 1 ? "" : "s");
}

}  // namespace

std::string html_page(const Subject& subject) {
  std::string out = head(subject);
  out += "<section class='first'>" + summary_part(subject) + "</section>\n";
  out += section("Where the time goes",
                 "One bar per kernel, in the order they run. The full colour is the time that the "
                 "machine&#39;s limit asks for, the pale end is lost.",
                 timeline_part(subject));
  out += section("How near the roof",
                 "A dot per kernel, its area the share of the time. A kernel cannot rise above the "
                 "peak, nor above the line of the memory that feeds it. Operations are those that "
                 "the algorithm performs: Winograd and Strassen need fewer than the network asks "
                 "for.",
                 roofline_part(subject));
  out += section("What to look at first",
                 "Kernels by lost time: the time above the roof. GFLOP/s count the operations that "
                 "the network asks for.",
                 losses_part(subject));
  out += section("Memory between the kernels",
                 "Each block is a buffer: as high as its bytes, from the kernel that first uses it "
                 "to the last.",
                 arena_part(subject));
  out += "<section>" + facts_part(subject) + "</section>\n";
  return document(subject.model + " – Burin profile", std::string(page_style()), out);
}

}  // namespace burin::report
