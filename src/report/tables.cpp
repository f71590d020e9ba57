// The table of losses, and what machine and network are.
#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "report/parts.h"

namespace burin::report {

namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}

Facts machine_facts(const Subject& subject) {
  const isa::Target& t = subject.target;
  const driver::Limits& l = subject.profile.limits;
  auto bytes = [](int64_t b) { return human_bytes(static_cast<double>(b)); };
  return {
      {"processor", t.cpu_name},
      {"engraved for", fmt::format("{}, {}-bit vectors, {} registers", t.name,
                                   t.machine.vector_bits, t.machine.vector_registers)},
      {"features", joined(t.features)},
      {"threads", std::to_string(l.threads)},
      {"fp32 peak", fmt::format("{:.0f} GFLOP/s, measured", l.flops / 1e9)},
      {"reading", fmt::format("{:.0f} GB/s from L2, {:.0f} from L3, {:.0f} from memory, measured",
                              l.l2 / 1e9, l.l3 / 1e9, l.memory / 1e9)},
      {"caches", fmt::format("L1 {}, L2 {}, L3 {}", bytes(t.machine.l1_bytes),
                             bytes(t.machine.l2_bytes), bytes(t.machine.l3_bytes))}};
}

Facts network_facts(const Subject& subject) {
  const runtime::Program& p = subject.compiled.program;
  double flops = 0, performed = 0;
  for (const runtime::Step& s : p.steps) flops += s.flops, performed += s.performed;
  Facts facts;
  for (const runtime::PortSpec& port : p.inputs)
    facts.push_back({"input " + port.name, port.type.text()});
  for (const runtime::PortSpec& port : p.outputs) {
    facts.push_back({"output " + port.name, port.type.text()});
  }
  facts.push_back({"operations", human_count(flops) + "FLOP a run, " + human_count(performed) +
                                     "FLOP performed"});
  facts.push_back({"weights", human_bytes(static_cast<double>(p.constant_bytes)) + ", packed"});
  facts.push_back({"arena", human_bytes(static_cast<double>(p.arena_bytes))});
  facts.push_back({"code", fmt::format("{} in {} kernels, {} steps",
                                       human_bytes(static_cast<double>(p.code.size())),
                                       p.kernels.size(), p.steps.size())});
  return facts;
}

}  // namespace

std::string losses_part(const Subject& subject) {
  const driver::Profile& p = subject.profile;
  const auto& steps = subject.compiled.program.steps;
  std::vector<size_t> order(steps.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return p.kernels[a].lost() > p.kernels[b].lost(); });
  std::string out =
      "<div class='scroll'><table class='losses'>\n<tr><th>kernel</th><th>lost</th><th>time</th>"
      "<th>roof</th><th>of roof</th><th>bound</th><th>GFLOP/s</th><th>GB/s</th><th>bytes</th>"
      "<th>how, and why not otherwise</th></tr>\n";
  for (size_t i : order) {
    const runtime::Step& s = steps[i];
    const driver::KernelTime& k = p.kernels[i];
    std::string rate = s.flops > 0 ? fmt::format("{:.1f}", s.flops / k.seconds / 1e9) : "–";
    std::string reason =
        s.reason.empty() ? "" : "<br><span class='reason'>" + escaped(s.reason) + "</span>";
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.0f} %</td><td><i class='{}'></i>{}"
        "</td><td>{}</td><td>{:.1f}</td><td>{}</td><td>{}{}</td></tr>\n",
        escaped(s.name), human_seconds(std::max(k.lost(), 0.0)), human_seconds(k.seconds),
        human_seconds(k.roof.seconds()), 100 * k.share(), class_of(k.roof.bound),
        driver::name_of(k.roof.bound), rate, s.bytes / k.seconds / 1e9, human_bytes(s.bytes),
        escaped(s.algorithm), reason);
  }
  return out + "</table></div>\n";
}

std::string facts_part(const Subject& subject) {
  Facts stages;
  double total = 0;
  for (const driver::StageTime& stage : subject.stages) {
    stages.push_back({stage.stage, human_seconds(stage.seconds)});
    total += stage.seconds;
  }
  stages.push_back({"together", human_seconds(total)});
  return "<div class='columns'>" + facts_table("Machine", machine_facts(subject)) +
         facts_table("Network", network_facts(subject)) +
         facts_table("From file to program", stages) + "</div>\n";
}

}  // namespace burin::report
