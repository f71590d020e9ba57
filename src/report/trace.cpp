// Trace events: complete ones ("X"), times in microseconds.
#include <fmt/format.h>

#include <algorithm>

#include "report/parts.h"

namespace burin::report {

namespace {

enum Lane : int { compiling = 0, first_kernels = 1 };

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

struct KernelSpan {
  size_t step = 0;
  double begin = 1e30, end = -1;
  int lane = 0;
};

// From each kernel's first tile to its last. Kernels begin before the one in front ends where their
// tiles may, or where they run slice by slice, so they take turns in as many lanes as that needs.
std::vector<KernelSpan> kernel_spans(size_t steps,
                                     const std::vector<runtime::Session::TileSpan>& tiles) {
  std::vector<KernelSpan> spans(steps);
  for (size_t i = 0; i < steps; ++i) spans[i].step = i;
  for (const runtime::Session::TileSpan& tile : tiles) {
    KernelSpan& span = spans[tile.step];
    span.begin = std::min(span.begin, tile.begin), span.end = std::max(span.end, tile.end);
  }
  std::erase_if(spans, [](const KernelSpan& span) { return span.end < span.begin; });
  std::stable_sort(spans.begin(), spans.end(),
                   [](const KernelSpan& a, const KernelSpan& b) { return a.begin < b.begin; });
  std::vector<double> ends;  // of the last kernel in each lane
  for (KernelSpan& span : spans) {
    auto free = std::find_if(ends.begin(), ends.end(), [&](double e) { return e <= span.begin; });
    span.lane = static_cast<int>(free - ends.begin());
    if (free == ends.end()) ends.push_back(0);
    ends[static_cast<size_t>(span.lane)] = span.end;
  }
  return spans;
}

}  // namespace

std::string chrome_trace(const Subject& subject,
                         const std::vector<runtime::Session::TileSpan>& spans) {
  const auto& steps = subject.compiled.program.steps;
  Writer writer;
  writer.name_lane(compiling, "compiling");
  std::vector<KernelSpan> kernels = kernel_spans(steps.size(), spans);
  int lanes = 0;
  for (const KernelSpan& kernel : kernels) lanes = std::max(lanes, kernel.lane + 1);
  for (int i = 0; i < lanes; ++i) writer.name_lane(first_kernels + i, "kernels of a run");
  int first_worker = first_kernels + lanes;
  for (int w = 0; w < subject.profile.limits.threads; ++w) {
    writer.name_lane(first_worker + w, fmt::format("worker {}: tiles", w));
  }
  double at = 0;
  for (const driver::StageTime& stage : subject.stages) {
    writer.span(compiling, stage.stage, "compile", at, at + stage.seconds, "");
    at += stage.seconds;
  }
  for (const KernelSpan& kernel : kernels) {
    const runtime::Step& step = steps[kernel.step];
    writer.span(first_kernels + kernel.lane, step.name, "kernel", at + kernel.begin,
                at + kernel.end, arguments(step, kernel.end - kernel.begin));
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
