// One graph with all gradients as outputs, evaluated, rounded and compiled; another with only the
// loss, evaluated twice for each element.
#include "train/gradient_check.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "driver/run_program.h"
#include "graph/eval.h"
#include "graph/in_doubles.h"
#include "graph/rewrite.h"

namespace burin::train {

namespace {

constexpr double kSteps[] = {1e-5, 1e-6, 1e-7};
constexpr double kAgreement = 1e-5;
constexpr double kBend = 1e-3;     // more is a kink
constexpr double kRoundings = 64;  // of the loss, in its last places
constexpr double kRoundingShare = 4;
constexpr int kTries = 8;  // elements for each wanted sample, where kinks are many

// The loss as a function of one element of one input, by its difference from where it stands.
class LossChange {
 public:
  static Result<LossChange> create(const graph::Graph& step, const std::vector<Tensor>& inputs) {
    LossChange loss;
    loss.graph_ = step;
    loss.graph_.outputs.resize(1);
    graph::drop_dead_nodes(loss.graph_);
    graph::in_doubles(loss.graph_);
    for (const Tensor& input : inputs) loss.inputs_.push_back(graph::in_doubles(input));
    BURIN_ASSIGN(loss.here_, loss.value());
    return loss;
  }

  Result<double> moved(size_t input, int64_t element, double step) {
    Tensor& x = inputs_[input];
    double before = x.as_double(element);
    x.set_double(element, before + step);
    auto there = value();
    x.set_double(element, before);
    if (!there) return there;
    return *there - here_;
  }

  // What may be rounding in a difference.
  double noise() const {
    return kRoundings * std::numeric_limits<double>::epsilon() * (1 + std::abs(here_));
  }

 private:
  Result<double> value() const {
    BURIN_ASSIGN(auto outputs, graph::eval(graph_, inputs_));
    return outputs[0].as_double(0);
  }

  graph::Graph graph_;
  std::vector<Tensor> inputs_;
  double here_ = 0;
};

double range_of(const Tensor& gradient) {
  double range = 0;
  for (double g : gradient.to_doubles()) range = std::max(range, std::abs(g));
  return range;
}

// Any element, or one whose gradient is not zero if such are found soon: behind a ReLU most are.
int64_t draw_element(const Tensor& gradient, bool any, Rng& rng) {
  constexpr int kDraws = 256;
  int64_t element = rng.below(gradient.elements());
  for (int i = 0; !any && i < kDraws && gradient.as_double(element) == 0; ++i) {
    element = rng.below(gradient.elements());
  }
  return element;
}

// All elements of a small tensor, else drawn ones, until `samples` are checked.
Result<void> check_elements(LossChange& loss, size_t input, const Tensor& gradient, int samples,
                            Rng& rng, GradientReport& report) {
  int64_t elements = gradient.elements();
  double range = range_of(gradient);
  int64_t tries = std::min<int64_t>(elements, int64_t{kTries} * samples);
  for (int64_t k = 0; k < tries && report.checked + report.wrong < samples; ++k) {
    int64_t element = elements <= samples ? k : draw_element(gradient, k % 2 == 0, rng);
    auto moved = [&](double step) { return loss.moved(input, element, step); };
    BURIN_ASSIGN(Judgement j,
                 judge_gradient(moved, gradient.as_double(element), range, loss.noise()));
    if (j.verdict == Verdict::kink) ++report.kinks;
    if (j.verdict == Verdict::wrong) ++report.wrong;
    if (j.verdict != Verdict::agrees) continue;
    ++report.checked;
    if (range > 0) report.error = std::max(report.error, j.error / range);
  }
  return {};
}

// The gradients of all parameters three times.
struct Gradients {
  std::vector<Tensor> exact;  // f64, of f64 parameters
  std::vector<Tensor> rounded, compiled;
};

Result<Gradients> compute(graph::Graph step, const std::vector<Tensor>& inputs, size_t parameters,
                          const ProgramOptions& options) {
  step.outputs.erase(step.outputs.begin(), step.outputs.end() - static_cast<int64_t>(parameters));
  graph::drop_dead_nodes(step);
  Gradients g;
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(step, options.compile));
  BURIN_ASSIGN(g.compiled, driver::run_program(compiled, inputs, options.threads));
  BURIN_ASSIGN(g.rounded, graph::eval(step, inputs, {.round_values = true}));
  graph::in_doubles(step);
  std::vector<Tensor> wide;
  for (const Tensor& input : inputs) wide.push_back(graph::in_doubles(input));
  BURIN_ASSIGN(g.exact, graph::eval(step, wide));
  return g;
}

size_t input_of(const graph::Graph& graph, const std::string& name) {
  return static_cast<size_t>(std::ranges::find(graph.inputs, name, &graph::Port::name) -
                             graph.inputs.begin());
}

}  // namespace

Result<Judgement> judge_gradient(const std::function<Result<double>(double step)>& moved,
                                 double gradient, double range, double noise) {
  Judgement judgement;
  for (double h : kSteps) {
    BURIN_ASSIGN(double up, moved(h));
    BURIN_ASSIGN(double down, moved(-h));
    double error = std::abs((up - down) / (2 * h) - gradient);
    if (error <= kAgreement * range + noise / h) return Judgement{Verdict::agrees, error};
    bool bends = !(std::abs(up + down) <= kBend * std::max(std::abs(up), std::abs(down)) + noise);
    if (!bends) judgement = {Verdict::wrong, error};
  }
  return judgement;
}

Result<std::vector<GradientReport>> check_gradients(const Trainable& trainable,
                                                    const GradientCheckOptions& options) {
  StepOptions with_gradients = options.step;
  for (const NamedTensor& p : trainable.parameters) {
    with_gradients.watched.push_back(std::string(kGradientOf) + p.name);
  }
  BURIN_ASSIGN(MadeUpStep step, MadeUpStep::create(trainable, with_gradients, options.seed));
  std::vector<Tensor> inputs = step.inputs();
  BURIN_ASSIGN(Gradients gradients,
               compute(step.graph(), inputs, trainable.parameters.size(), options.programs));
  BURIN_ASSIGN(LossChange loss, LossChange::create(step.graph(), inputs));
  std::vector<GradientReport> reports;
  Rng rng(options.seed);
  for (size_t i = 0; i < trainable.parameters.size() && !options.stop(); ++i) {
    if (options.progress) options.progress(i, trainable.parameters.size());
    GradientReport report;
    report.name = trainable.parameters[i].name;
    report.type = trainable.parameters[i].value.type();
    BURIN_TRY(check_elements(loss, input_of(step.graph(), report.name), gradients.exact[i],
                             options.samples, rng, report));
    report.compiled = driver::compare(gradients.compiled[i], gradients.exact[i]);
    driver::Difference rounding = driver::compare(gradients.rounded[i], gradients.exact[i]);
    report.compiled_tolerance = std::max(options.tolerance, kRoundingShare * rounding.relative());
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace burin::train
