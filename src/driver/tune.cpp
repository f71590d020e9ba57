// Generations of measurements: all alternatives around the incumbent, then the winners together as
// the challenger, which becomes the next incumbent where it keeps its lead.
#include "driver/tune.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <set>

#include "base/clock.h"
#include "runtime/session.h"

namespace burin::driver {

namespace {

constexpr double kNoise = 0.02;         // a lead of a smaller share is none,
constexpr double kClockNoise = 50e-9;   //   nor one of fewer seconds per kernel
constexpr double kReserve = 0.2;        // share of the budget for the last comparison, at most
constexpr double kRoundSeconds = 0.02;  // of each program in a round
constexpr int kRounds = 4;

// A program ready to run, and the shortest times that were seen.
struct Trial {
  std::unique_ptr<runtime::Session> session;
  std::vector<lower::ChoiceRecord> records;
  std::vector<double> steps;  // seconds
  double whole = 0;           // seconds, without clocks between the steps

  double seconds(const lower::ChoiceRecord& record) const {
    double sum = 0;
    for (size_t i = 0; i < record.kernels; ++i) sum += steps[record.first_kernel + i];
    return sum;
  }
};

// Seconds of each signature in a trial.
std::map<std::string, double> by_signature(const Trial& trial) {
  std::map<std::string, double> seconds;
  for (const auto& record : trial.records) seconds[record.signature] += trial.seconds(record);
  return seconds;
}

// What is known of the kernels of one signature.
struct Subject {
  TunedKernel report;
  std::set<std::string> tried;
  std::deque<lower::Choice> untried;
  lower::Choice winner;  // of this generation; the incumbent's choice if none leads
  double ratio = 1;      // its time by the incumbent's
};

bool leads(double now, double before, const TunedKernel& kernel) {
  double clock = kClockNoise * static_cast<double>(kernel.layers);
  return now < before * (1 - kNoise) && now < before - clock;
}

class Tuner {
 public:
  Tuner(const graph::Graph& graph, std::span<const void* const> inputs, const TuneOptions& options,
        TuneCache::Kernels& known)
      : graph_(graph), inputs_(inputs), options_(options), known_(known) {}

  Result<TuneReport> run() {
    BURIN_ASSIGN(Trial untuned, make({}));
    begin(untuned);
    while (in_time()) {
      BURIN_ASSIGN(Trial incumbent, make(best()));
      if (!expand(incumbent)) break;
      BURIN_TRY(measure_alternatives(incumbent));
      BURIN_ASSIGN(bool better, challenge(incumbent));
      if (!better) break;
    }
    BURIN_TRY(settle(untuned));
    return finish();
  }

 private:
  Result<Trial> make(lower::Choices choices) {
    CompileOptions options = options_.compile;
    options.keep = true;
    options.choices = std::make_shared<const lower::Choices>(std::move(choices));
    BURIN_ASSIGN(Compiled compiled, compile(graph_, options));
    Trial trial;
    trial.records = compiled.intermediates->choices;
    auto program = std::make_shared<const runtime::Program>(std::move(compiled.program));
    if (outputs_.empty()) {
      for (const auto& port : program->outputs) {
        outputs_.push_back(allocate_bytes(port.type.bytes()));
        output_pointers_.push_back(outputs_.back().get());
      }
    }
    BURIN_ASSIGN(trial.session, runtime::Session::create(program, options_.threads));
    return trial;
  }

  void begin(const Trial& untuned) {
    for (const lower::ChoiceRecord& record : untuned.records) {
      auto [at, fresh] = subjects_.try_emplace(record.signature);
      Subject& s = at->second;
      ++s.report.layers;
      if (!fresh) continue;
      s.report.signature = record.signature;
      s.report.layer = untuned.session->program().steps[record.first_kernel].name;
      s.report.untuned = s.report.tuned = record.choice;
      s.tried.insert({record.choice.text(), record.choice.method});
      auto found = known_.find(record.signature);
      if (found == known_.end()) continue;
      s.report.tuned = found->second.best;
      s.tried.insert(found->second.tried.begin(), found->second.tried.end());
    }
  }

  lower::Choices best() const {
    lower::Choices choices;
    for (const auto& [signature, s] : subjects_) choices[signature] = s.report.tuned;
    return choices;
  }

  // Lists what is still to be measured around the incumbent's choices; whether there is anything.
  bool expand(const Trial& incumbent) {
    bool any = false;
    for (const lower::ChoiceRecord& record : incumbent.records) {
      Subject& s = subjects_[record.signature];
      s.report.tuned = s.winner = record.choice;  // a known one may not have been fit
      s.ratio = 1;
      s.untried.clear();
      for (const lower::Choice& choice : record.alternatives) {
        if (!s.tried.contains(choice.text())) s.untried.push_back(choice);
      }
      any = any || !s.untried.empty();
    }
    return any;
  }

  Result<void> measure_alternatives(Trial& incumbent) {
    while (size_t left = most_untried()) {
      if (!in_time()) return {};
      lower::Choices choices = best();
      for (auto& [signature, s] : subjects_) {
        if (!s.untried.empty()) choices[signature] = s.untried.front();
      }
      BURIN_ASSIGN(Trial trial, make(std::move(choices)));
      measure(incumbent, trial, kRounds);
      compare(incumbent, trial);
      ++measured_;
      report_progress(left - 1);
    }
    return {};
  }

  size_t most_untried() const {
    size_t most = 0;
    for (const auto& [signature, s] : subjects_) most = std::max(most, s.untried.size());
    return most;
  }

  // Takes one alternative of each subject as measured.
  void compare(const Trial& incumbent, const Trial& trial) {
    auto before = by_signature(incumbent), now = by_signature(trial);
    std::set<std::string> seen;
    for (const lower::ChoiceRecord& record : trial.records) {
      Subject& s = subjects_[record.signature];
      if (s.untried.empty() || !seen.insert(record.signature).second) continue;
      s.tried.insert(s.untried.front().text());
      s.tried.insert(record.choice.text());  // a method without parameters has found its own
      s.untried.pop_front();
      double seconds = now[record.signature], incumbents = before[record.signature];
      if (!leads(seconds, incumbents, s.report) || seconds >= s.ratio * incumbents) continue;
      s.ratio = seconds / incumbents;
      s.winner = record.choice;
    }
  }

  // All winners of a generation at once; whether some keep their lead.
  Result<bool> challenge(Trial& incumbent) {
    lower::Choices choices;
    bool any = false;
    for (const auto& [signature, s] : subjects_) {
      choices[signature] = s.winner;
      any = any || s.winner != s.report.tuned;
    }
    if (!any) return false;
    BURIN_ASSIGN(Trial challenger, make(choices));
    measure(incumbent, challenger, 2 * kRounds);
    auto before = by_signature(incumbent), now = by_signature(challenger);
    bool better = false;
    for (auto& [signature, s] : subjects_) {
      if (choices[signature] == s.report.tuned) continue;
      if (!leads(now[signature], before[signature], s.report)) continue;
      s.report.tuned = choices[signature];
      better = true;
    }
    return better;
  }

  // The untuned program against the tuned one, for the report; who has no lead stays untuned.
  Result<void> settle(Trial& untuned) {
    BURIN_ASSIGN(Trial tuned, make(best()));
    measure(untuned, tuned, 2 * kRounds);
    auto before = by_signature(untuned), now = by_signature(tuned);
    for (const lower::ChoiceRecord& record : tuned.records) {
      Subject& s = subjects_[record.signature];
      TunedKernel& k = s.report;
      k.tuned = record.choice;
      k.untuned_seconds = before[record.signature], k.tuned_seconds = now[record.signature];
      k.measured = s.tried.size() - 2;  // but the untuned one, by both its names
      if (leads(k.tuned_seconds, k.untuned_seconds, k)) continue;
      k.tuned = k.untuned;
      k.tuned_seconds = k.untuned_seconds;
    }
    report_.untuned_seconds = untuned.whole, report_.tuned_seconds = tuned.whole;
    return {};
  }

  TuneReport finish() {
    report_.measured = measured_;
    report_.complete = most_untried() == 0;
    for (auto& [signature, s] : subjects_) {
      if (s.tried.size() < 3 && s.untried.empty()) continue;  // without alternatives
      auto count = static_cast<double>(s.report.layers);
      known_[signature] = {s.report.tuned,
                           s.report.untuned,
                           s.report.tuned_seconds / count,
                           s.report.untuned_seconds / count,
                           {s.tried.begin(), s.tried.end()}};
      report_.kernels.push_back(std::move(s.report));
    }
    std::sort(report_.kernels.begin(), report_.kernels.end(),
              [](const auto& a, const auto& b) { return a.untuned_seconds > b.untuned_seconds; });
    return std::move(report_);
  }

  // Both in turn, some rounds; each round begins with a run that does not count.
  void measure(Trial& a, Trial& b, int rounds) {
    for (Trial* trial : {&a, &b}) trial->steps.clear(), trial->whole = 0;
    for (int round = 0; round < rounds; ++round) {
      for (Trial* trial : {&a, &b}) measure_round(*trial);
    }
  }

  void measure_round(Trial& trial) {
    size_t count = trial.session->program().steps.size();
    auto start = Clock::now();
    trial.session->run(inputs_, output_pointers_);
    auto runs = std::clamp(static_cast<int>(kRoundSeconds / seconds_since(start)), 2, 50);
    for (int i = 0; i < runs; ++i) {
      std::vector<double> seconds(count, 0.0);
      trial.session->run_timed(inputs_, output_pointers_, seconds);
      if (trial.steps.empty()) trial.steps = seconds;
      for (size_t k = 0; k < count; ++k) trial.steps[k] = std::min(trial.steps[k], seconds[k]);
      start = Clock::now();
      trial.session->run(inputs_, output_pointers_);
      double whole = seconds_since(start);
      trial.whole = trial.whole == 0 ? whole : std::min(trial.whole, whole);
    }
  }

  bool in_time() const {
    return !options_.stop() && seconds_since(start_) < options_.budget * (1 - kReserve);
  }

  void report_progress(size_t left) const {
    if (!options_.progress) return;
    TuneProgress progress{measured_, left, seconds_since(start_), 0};
    double each = progress.elapsed / static_cast<double>(measured_);
    progress.remaining = std::min(each * static_cast<double>(left + 2),
                                  std::max(options_.budget - progress.elapsed, 0.0));
    options_.progress(progress);
  }

  const graph::Graph& graph_;
  std::span<const void* const> inputs_;
  const TuneOptions& options_;
  TuneCache::Kernels& known_;
  Clock::time_point start_ = Clock::now();
  std::vector<std::shared_ptr<std::byte>> outputs_;
  std::vector<void*> output_pointers_;
  std::map<std::string, Subject> subjects_;
  size_t measured_ = 0;
  TuneReport report_;
};

}  // namespace

Result<TuneReport> tune(const graph::Graph& graph, std::span<const void* const> inputs,
                        const TuneOptions& options, TuneCache::Kernels& known) {
  return Tuner(graph, inputs, options, known).run();
}

}  // namespace burin::driver
