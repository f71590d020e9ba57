// Stories of kernels, told by paragraph.
#include "cli/explain.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/common.h"
#include "runtime/run_ahead.h"

namespace burin::cli {

namespace {

using driver::Intermediates;

// The passes that changed a layer of the kernel, in order, each once.
std::vector<std::string> passes_of(const Intermediates& kept, const lower::KernelStory& story) {
  std::vector<std::string> names;
  for (const passes::PassTime& pass : kept.passes) {
    bool touched = std::any_of(story.fused.begin(), story.fused.end(), [&](const auto& layer) {
      return std::find(pass.changed.begin(), pass.changed.end(), layer.source) !=
             pass.changed.end();
    });
    if (touched && std::find(names.begin(), names.end(), pass.name) == names.end()) {
      names.emplace_back(pass.name);
    }
  }
  return names;
}

// The model's layers of which no node is left.
std::vector<std::string> layers_gone(const graph::Graph& graph) {
  std::vector<bool> left(graph.sources.size(), false);
  for (size_t i = 0; i < graph.size(); ++i) {
    const graph::Node& node = graph[graph::NodeId(i)];
    if (node.source.valid() && node.op != graph::Op::constant) left[node.source.index] = true;
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < left.size(); ++i) {
    const graph::Source& source = graph.sources[graph::SourceId(i)];
    if (!left[i] && !source.name.empty()) names.push_back(source.name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "" : std::string(between)) + w;
  return out;
}

std::string fused_text(const lower::KernelStory& story) {
  std::vector<std::string> parts;
  for (const lower::FusedLayer& layer : story.fused) {
    std::string name = layer.layer.empty() ? "" : layer.layer + " ";
    parts.push_back(name + "(" + joined(layer.ops, ", ") + ")");
  }
  return joined(parts, " + ");
}

// "1.23 million cycles estimated, 56 operations in each"
std::string estimate_text(const runtime::Step& step, double cycles) {
  return fmt::format("{:.3g} thousand cycles of one core, {:.0f} operations in each", cycles / 1e3,
                     step.performed / cycles);
}

// How a step runs on two threads.
struct Running {
  std::vector<runtime::Stage> stages;  // several: slices
  std::vector<size_t> band;            // the other steps whose slices run in turn with its own

  int64_t tiles() const {
    int64_t count = 0;
    for (const runtime::Stage& stage : stages) count += stage.tiles();
    return count;
  }
  int64_t early_tiles() const {
    int64_t count = 0;
    for (const runtime::Stage& stage : stages) {
      for (const runtime::EarlyTiles& early : stage.early) count += early.count;
    }
    return count;
  }
};

// By step.
std::vector<Running> running_on_two(const runtime::Program& program) {
  std::vector<Running> running(program.steps.size());
  std::vector<runtime::Stage> stages = runtime::plan_stages(program, 2);
  for (const runtime::Stage& stage : stages) running[stage.step].stages.push_back(stage);
  auto is_cut = [&](const runtime::Stage& stage) { return running[stage.step].stages.size() > 1; };
  for (size_t step = 0; step < running.size(); ++step) {
    size_t left = running[step].stages.size();
    if (left == 1) continue;
    for (const runtime::Stage& stage : stages) {
      left -= stage.step == step ? 1 : 0;
      std::vector<size_t>& band = running[step].band;
      bool begun = left < running[step].stages.size(), met = std::ranges::count(band, stage.step);
      if (begun && stage.step != step && is_cut(stage) && !met) band.push_back(stage.step);
      if (left == 0) break;
    }
  }
  return running;
}

// How far two threads wait for each other.
std::string threads_text(const Running& running) {
  if (running.tiles() < 2) return "";
  int64_t count = running.early_tiles(), lag = runtime::kMostLag;
  if (count == 0) return "of two, each waits until both have done all kernels in front";
  for (const runtime::Stage& stage : running.stages) {
    for (const runtime::EarlyTiles& early : stage.early) {
      if (early.count > 0) lag = std::min(lag, early.lag);
    }
  }
  const char* what = running.stages.size() > 1 ? "slice" : "kernel";
  return fmt::format("of two, each runs its part of {} tiles while the other is up to {} behind",
                     count,
                     lag == 1 ? std::string("one ") + what : fmt::format("{} {}s", lag, what));
}

// "8 of each thread's tiles, in turn with those of kernels 12, 13"
std::string slices_text(const Running& running) {
  if (running.stages.size() == 1) return "";
  std::vector<std::string> others;
  for (size_t step : running.band) others.push_back(std::to_string(step));
  return fmt::format("{} of each thread's tiles, in turn with those of kernel{} {}",
                     running.stages.size(), others.size() == 1 ? "" : "s", joined(others, ", "));
}

std::string paragraph(const driver::Compiled& compiled, const Running& running, size_t i) {
  const runtime::Step& step = compiled.program.steps[i];
  const Intermediates& kept = *compiled.intermediates;
  const driver::StepStory& story = kept.steps[i];
  std::string out = fmt::format("{}. {}: {}\n", i, step.name, story.kernel.kind);
  auto line = [&](const char* title, const std::string& text) {
    if (!text.empty()) out += fmt::format("   {:<10} {}\n", title, text);
  };
  line("holds", fused_text(story.kernel));
  line("method",
       step.algorithm + fmt::format(", {} tile{}", step.tiles, step.tiles == 1 ? "" : "s"));
  if (story.cycles > 0) line("estimate", estimate_text(step, story.cycles));
  line("work", fmt::format("{:.2f} MFLOP over {}", step.flops / 1e6, human_bytes(step.bytes)));
  for (const lower::Refusal& r : story.refused) line("refused", r.method + ": " + r.reason);
  line("ends", story.kernel.ended);
  line("slices", slices_text(running));
  line("threads", threads_text(running));
  line("passes", joined(passes_of(kept, story.kernel), ", "));
  return out;
}

}  // namespace

std::string explain_text(const driver::Compiled& compiled) {
  const Intermediates& kept = *compiled.intermediates;
  std::string out = "Passes over the graph, and how many layers each changed:\n";
  for (const passes::PassTime& pass : kept.passes) {
    out += fmt::format("   {:<34} {:>4} layers, {} nodes left\n", pass.name, pass.changed.size(),
                       pass.nodes);
  }
  std::vector<std::string> gone = layers_gone(kept.graph);
  if (!gone.empty()) {
    out += fmt::format("Folded into others, removed or computed while compiling: {}\n",
                       joined(gone, ", "));
  }
  out += "\nKernels in the order they run:\n";
  std::vector<Running> running = running_on_two(compiled.program);
  for (size_t i = 0; i < running.size(); ++i) out += "\n" + paragraph(compiled, running[i], i);
  return out;
}

nlohmann::json explain_json(const driver::Compiled& compiled) {
  const Intermediates& kept = *compiled.intermediates;
  nlohmann::json j;
  for (const passes::PassTime& pass : kept.passes) {
    j["passes"].push_back({{"name", pass.name},
                           {"ms", pass.seconds * 1e3},
                           {"nodes", pass.nodes},
                           {"layers_changed", pass.changed.size()}});
  }
  j["layers_gone"] = layers_gone(kept.graph);
  std::vector<Running> running = running_on_two(compiled.program);
  for (size_t i = 0; i < running.size(); ++i) {
    const runtime::Step& step = compiled.program.steps[i];
    const driver::StepStory& story = kept.steps[i];
    nlohmann::json kernel = {{"name", step.name},           {"kind", story.kernel.kind},
                             {"algorithm", step.algorithm}, {"tiles", step.tiles},
                             {"flops", step.flops},         {"performed_flops", step.performed},
                             {"bytes", step.bytes},         {"ended", story.kernel.ended}};
    kernel["passes"] = passes_of(kept, story.kernel);
    kernel["fused"] = nlohmann::json::array();
    kernel["refused"] = nlohmann::json::array();
    for (const lower::FusedLayer& layer : story.kernel.fused) {
      kernel["fused"].push_back({{"layer", layer.layer}, {"ops", layer.ops}});
    }
    for (const lower::Refusal& r : story.refused) {
      kernel["refused"].push_back({{"method", r.method}, {"reason", r.reason}});
    }
    if (story.cycles > 0) kernel["estimated_cycles"] = story.cycles;
    kernel["tiles_ahead_of_two_threads"] = running[i].early_tiles();
    kernel["slices"] = running[i].stages.size();
    kernel["in_turn_with"] = running[i].band;
    j["kernels"].push_back(std::move(kernel));
  }
  return j;
}

}  // namespace burin::cli
