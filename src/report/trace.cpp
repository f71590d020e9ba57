// Trace events: complete ones ("X"), times in microseconds.
#include <fmt/format.h>

#include <algorithm>

#include "report/parts.h"

namespace burin::report {

namespace {

enum Lane : int { compiling = 0, kernels = 1, first_worker = 2 };

class Writer {
 public:
  void name_lane(int lane, const std::string& name) {
    event(fmt::format(R"("ph":"M","pid":1,"tid":{},"name":"thread_name","args":{{"name":"{}"}})",
                      lane, json_escaped(name)));
    event(fmt::format(
        R"("ph":"M","pid":1,"tid":{0},"name":"thread_sort_index","args":{{"sort_index":{0}}})",
        lane));
  }

  // Times in seconds; `args` are the members of an object.
  void span(int lane, const std::string& name, const char* category, double begin, double end,
            const std::string& args) {
    event(fmt::format(
        R"("ph":"X","pid":1,"tid":{},"name":"{}","cat":"{}","ts":{:.3f},"dur":{:.3f},"args":{{{}}})",
        lane, json_escaped(name), category, begin * 1e6, (end - begin) * 1e6, args));
  }

  std::string finish(const std::string& model) {
    event(fmt::format(R"("ph":"M","pid":1,"name":"process_name","args":{{"name":"burin {}"}})",
                      json_escaped(model)));
    return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + events_ + "\n]}\n";
  }

 private:
  void event(const std::string& members) {
    events_ += (events_.empty() ? "{" : ",\n{") + members + "}";
  }

  std::string events_;
};

std::string arguments(const runtime::Step& step, double seconds) {
  return fmt::format(
      R"("flops":{:.0f},"bytes":{:.0f},"tiles":{},"gflop_per_second":{:.2f},"algorithm":"{}","reason":"{}")",
      step.flops, step.bytes, step.tiles, seconds > 0 ? step.flops / seconds / 1e9 : 0.0,
      json_escaped(step.algorithm), json_escaped(step.reason));
}

}  // namespace

std::string chrome_trace(const Subject& subject,
                         const std::vector<runtime::Session::TileSpan>& spans) {
  const auto& steps = subject.compiled.program.steps;
  Writer writer;
  writer.name_lane(compiling, "compiling");
  writer.name_lane(kernels, "kernels of a run");
  for (int w = 0; w < subject.profile.limits.threads; ++w) {
    writer.name_lane(first_worker + w, fmt::format("worker {}: tiles", w));
  }
  double at = 0;
  for (const driver::StageTime& stage : subject.stages) {
    writer.span(compiling, stage.stage, "compile", at, at + stage.seconds, "");
    at += stage.seconds;
  }
  std::vector<std::pair<double, double>> extents(steps.size(), {1e30, -1});
  for (const runtime::Session::TileSpan& span : spans) {
    auto& [begin, end] = extents[span.step];
    begin = std::min(begin, span.begin), end = std::max(end, span.end);
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    auto [begin, end] = extents[i];
    if (end < begin) continue;
    writer.span(kernels, steps[i].name, "kernel", at + begin, at + end,
                arguments(steps[i], end - begin));
  }
  for (const runtime::Session::TileSpan& span : spans) {
    const runtime::Step& step = steps[span.step];
    std::string args =
        fmt::format(R"("step":{},"tile":{},"flops":{:.0f},"algorithm":"{}")", span.step, span.tile,
                    step.flops / static_cast<double>(step.tiles), json_escaped(step.algorithm));
    writer.span(first_worker + static_cast<int>(span.worker), step.name, "tile", at + span.begin,
                at + span.end, args);
  }
  return writer.finish(subject.model);
}

}  // namespace burin::report
