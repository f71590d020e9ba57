// The page: sections in the order in which a reader asks.
#include <fmt/format.h>

#include "report/parts.h"

namespace burin::report {

namespace {

std::string section(const std::string& title, const std::string& what, const std::string& body) {
  return fmt::format("<section><h2>{}</h2>\n<p class='what'>{}</p>\n{}</section>\n", title, what,
                     body);
}

std::string head(const Subject& subject) {
  const driver::Limits& limits = subject.profile.limits;
  return fmt::format(
      "<header><h1>{}</h1><p>engraved by Burin for {} · {} · {} thread{}</p></header>\n",
      escaped(subject.model), escaped(subject.target.cpu_name), escaped(subject.target.name),
      limits.threads, limits.threads == 1 ? "" : "s");
}

}  // namespace

std::string html_page(const Subject& subject) {
  std::string out =
      "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
      "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
      "<title>" +
      escaped(subject.model) + " – Burin profile</title>\n<style>" + std::string(page_style()) +
      "</style>\n</head>\n<body>\n<main>\n";
  out += head(subject);
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
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace burin::report
