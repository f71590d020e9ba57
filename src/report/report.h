// A profiled program as pictures and files: an HTML page that needs nothing beside it, its roofline
// alone as SVG, and a run in Chrome's trace-event format. Text in, text out: writing files is the
// caller's.
#pragma once

#include <string>
#include <vector>

#include "driver/compile.h"
#include "driver/profile.h"
#include "isa/target.h"

namespace burin::report {

// What all of them are made of; everything must outlive the call.
struct Subject {
  std::string model;  // as the user named it
  const isa::Target& target;
  const driver::Compiled& compiled;  // with its intermediates
  const driver::Profile& profile;
  std::vector<driver::StageTime> stages;  // load, import and those of compiling, in order
};

std::string html_page(const Subject& subject);
std::string roofline_svg(const Subject& subject);

// One lane for the stages of compiling, one for the kernels of a run, one per worker for its tiles,
// one after the other in time. https://ui.perfetto.dev and chrome://tracing open it.
std::string chrome_trace(const Subject& subject,
                         const std::vector<runtime::Session::TileSpan>& spans);

}  // namespace burin::report
