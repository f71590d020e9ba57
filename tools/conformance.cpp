// burin-conformance: runs ONNX's test cases, each in a process of its own, and reports which pass,
// as text (docs/conformance.md) and as JSON. Exit code 1 if a case fails, crashes or hangs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/conformance.h"

namespace {

using namespace burin::test;

using Counts = std::map<Status, int>;

#define X(name) Status::name,
constexpr Status kStatuses[] = {BURIN_CASE_STATUSES(X)};
#undef X
#define X(name, title) Column::name,
constexpr Column kColumnList[] = {BURIN_CASE_COLUMNS(X)};
#undef X

const Outcome& outcome(const CaseResult& result, Column column) {
  return result.outcomes[static_cast<size_t>(column)];
}

// | group | column | cases | pass | fail ... |, for each group and in total
std::string summary(const std::vector<CaseResult>& results) {
  std::map<std::string, std::map<Column, Counts>> groups;
  for (const CaseResult& r : results) {
    for (Column column : kColumnList) {
      ++groups[r.test.group][column][outcome(r, column).status];
      ++groups["~all"][column][outcome(r, column).status];  // '~' sorts last
    }
  }
  std::string head = "| directory | run by | cases |", rule = "|---|---|---|";
  for (Status s : kStatuses) head += fmt::format(" {} |", name_of(s)), rule += "---|";
  std::string out = head + "\n" + rule + "\n";
  for (auto& [group, columns] : groups) {
    for (auto& [column, counts] : columns) {
      int total = 0;
      for (auto& [status, n] : counts) total += n;
      out +=
          fmt::format("| {} | {} | {} |", group == "~all" ? "all" : group, title_of(column), total);
      for (Status s : kStatuses) out += fmt::format(" {} |", counts[s]);
      out += "\n";
    }
  }
  return out;
}

std::string escaped(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
    text.insert(at, "\\");
  return text;
}

// | ops | cases | passes by column |: the cases of a directory by the ops in their models
std::string by_ops(const std::vector<CaseResult>& results, const std::string& group) {
  std::map<std::string, std::vector<const CaseResult*>> rows;
  for (const CaseResult& r : results) {
    if (r.test.group == group) rows[r.ops].push_back(&r);
  }
  std::string out = "| ops | cases |", rule = "|---|---|";
  for (Column c : kColumnList) out += fmt::format(" pass ({}) |", title_of(c)), rule += "---|";
  out += "\n" + rule + "\n";
  for (auto& [ops, cases] : rows) {
    out += fmt::format("| {} | {} |", ops.empty() ? "(unreadable)" : ops, cases.size());
    for (Column column : kColumnList) {
      auto passes = std::ranges::count_if(
          cases, [&](auto* r) { return outcome(*r, column).status == Status::pass; });
      out += fmt::format(" {} |", passes);
    }
    out += "\n";
  }
  return out;
}

bool same_everywhere(const CaseResult& r) {
  return std::ranges::all_of(r.outcomes, [&](const Outcome& o) {
    return o.status == r.outcomes[0].status && o.reason == r.outcomes[0].reason;
  });
}

// What does not pass, one row per case and column (one if all agree), with the reason.
std::string not_passing(const std::vector<CaseResult>& results) {
  std::string out = "| case | run by | status | reason |\n|---|---|---|---|\n";
  for (const CaseResult& r : results) {
    for (Column column : kColumnList) {
      const Outcome& o = outcome(r, column);
      if (o.status == Status::pass) continue;
      bool same = same_everywhere(r);
      out += fmt::format("| {}/{} | {} | {} | {} |\n", r.test.group, r.test.name,
                         same ? "all" : title_of(column), name_of(o.status), escaped(o.reason));
      if (same) break;
    }
  }
  return out;
}

std::string markdown(const std::vector<CaseResult>& results) {
  std::string out =
      "# Conformance\n\nONNX's own test cases (Debian's `libonnx-testdata`), each with its inputs "
      "and expected outputs; floats\nwithin 1e-7 + 1e-3 of the expected value (bf16: its last "
      "place), all else exactly. "
      "Written by `burin-conformance`.\n\n";
  out += summary(results);
  std::string group;
  for (const CaseResult& r : results) {
    if (r.test.group == group) continue;
    group = r.test.group;
    out += fmt::format("\n## {}\n\n{}", group, by_ops(results, group));
  }
  return out + "\n## What does not pass, and why\n\n" + not_passing(results);
}

nlohmann::json to_json(const std::vector<CaseResult>& results) {
  nlohmann::json out = nlohmann::json::array();
  for (const CaseResult& r : results) {
    nlohmann::json row = {{"group", r.test.group}, {"name", r.test.name}, {"ops", r.ops}};
    for (Column column : kColumnList) {
      const Outcome& o = outcome(r, column);
      row[std::string(title_of(column))] = {{"status", name_of(o.status)}, {"reason", o.reason}};
    }
    out.push_back(std::move(row));
  }
  return out;
}

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) std::cerr << path << ": cannot be written\n";
  return static_cast<bool>(file);
}

bool is_bad(const CaseResult& r) {
  return std::ranges::any_of(r.outcomes, [](const Outcome& o) {
    return o.status != Status::pass && o.status != Status::unsupported;
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs ONNX's conformance cases through Burin.");
  std::string filter, report, json;
  bool verbose = false;
  CaseOptions options;
  app.add_option("--filter", filter, "only cases whose group/name contains this");
  app.add_option("--jobs", options.jobs, "cases to run at a time")->check(CLI::Range(1, 256));
  app.add_option("--report", report, "write the tables to this file (docs/conformance.md)");
  app.add_option("--json", json, "write every outcome to this file");
  app.add_option("--target", options.target, "what the machine code is for: native, avx512, avx2");
  app.add_option("--threads", options.threads, "threads of one run")->check(CLI::Range(1, 256));
  app.add_option("--seconds", options.limits.seconds, "time limit of one case");
  app.add_option("--relative-to-largest", options.relative_to_largest,
                 "let floats also differ by this share of the largest expected value");
  app.add_flag("--verbose", verbose, "list what does not pass");
  CLI11_PARSE(app, argc, argv);

  std::vector<ConformanceCase> cases = conformance_cases();
  if (cases.empty()) {
    std::cerr << conformance_folder().string() << ": no cases; install libonnx-testdata\n";
    return 1;
  }
  std::erase_if(cases, [&](const ConformanceCase& c) {
    return (c.group + "/" + c.name).find(filter) == std::string::npos;
  });
  std::vector<CaseResult> results = run_conformance(cases, options);
  std::cout << summary(results);
  if (verbose) std::cout << "\n" << not_passing(results);
  if (!report.empty() && !write_file(report, markdown(results))) return 1;
  if (!json.empty() && !write_file(json, to_json(results).dump(1) + "\n")) return 1;
  return std::ranges::any_of(results, is_bad) ? 1 : 0;
}
