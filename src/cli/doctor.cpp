// burin doctor: what this machine is and what it can do, measured.
#include <asmjit/core.h>
#include <fmt/core.h>
#include <unistd.h>

#include "burin.h"
#include "cli/common.h"
#include "driver/peak.h"

namespace burin::cli {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}

nlohmann::json versions() {
  nlohmann::json j;
  j["burin"] = burin_version();
  j["asmjit"] = fmt::format("{}.{}.{}", ASMJIT_LIBRARY_VERSION >> 16,
                            (ASMJIT_LIBRARY_VERSION >> 8) & 255, ASMJIT_LIBRARY_VERSION & 255);
  j["fmt"] =
      fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
  j["compiler"] = __VERSION__;
  return j;
}

Result<int> doctor(const Common& common) {
  BURIN_ASSIGN(isa::Target target, isa::host_target());
  const loop::Machine& m = target.machine;
  int threads = common.thread_count();
  nlohmann::json j = {{"cpu", target.cpu_name},
                      {"target", target.name},
                      {"threads", threads},
                      {"features", target.features},
                      {"vector_bits", m.vector_bits}};
  j["caches"] = {{"l1", m.l1_bytes}, {"l2", m.l2_bytes}, {"l3", m.l3_bytes}};
  j["memory_bytes"] = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  BURIN_ASSIGN(double one, driver::measure_peak_flops(target));
  BURIN_ASSIGN(double all, driver::measure_peak_flops(target, threads));
  j["peak_gflop_per_second"] = {{"one_thread", one / 1e9}, {"all_threads", all / 1e9}};
  std::string reading;
  for (auto [name, count] : {std::pair{"one_thread", 1}, {"all_threads", threads}}) {
    BURIN_ASSIGN(driver::Limits limits, driver::measure_limits(target, count));
    j["read_gb_per_second"][name] = {
        {"l2", limits.l2 / 1e9}, {"l3", limits.l3 / 1e9}, {"memory", limits.memory / 1e9}};
    reading += fmt::format("{}{:.0f} GB/s from L2, {:.0f} from L3, {:.0f} from memory on {}",
                           reading.empty() ? "" : "\n           ", limits.l2 / 1e9, limits.l3 / 1e9,
                           limits.memory / 1e9, count == 1 ? "one thread" : std::to_string(count));
    if (threads == 1) break;
  }
  j["versions"] = versions();
  if (common.json) {
    fmt::print("{}\n", j.dump(2));
    return 0;
  }
  fmt::print("cpu        {}\n", target.cpu_name);
  fmt::print("target     {} ({}-bit vectors, {} registers)\n", target.name, m.vector_bits,
             m.vector_registers);
  fmt::print("features   {}\n", joined(target.features));
  fmt::print("caches     L1 {}, L2 {}, L3 {}\n", human_bytes(static_cast<double>(m.l1_bytes)),
             human_bytes(static_cast<double>(m.l2_bytes)),
             human_bytes(static_cast<double>(m.l3_bytes)));
  fmt::print("memory     {}\n", human_bytes(j["memory_bytes"].get<double>()));
  fmt::print("threads    {}\n", threads);
  fmt::print("fp32 peak  {:.0f} GFLOP/s on one thread, {:.0f} on {}\n", one / 1e9, all / 1e9,
             threads);
  fmt::print("reading    {}\n", reading);
  for (auto& [name, version] : j["versions"].items()) {
    fmt::print("{:<10} {}\n", name, version.get<std::string>());
  }
  return 0;
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("doctor", "what this machine is, and its measured limits");
  auto common = std::make_shared<Common>();
  common->add_threads(*verb);
  common->add_json(*verb);
  verb->footer("Example: burin doctor --json");
  set_body(*verb, exit_code, [common] { return doctor(*common); });
}

}  // namespace burin::cli
