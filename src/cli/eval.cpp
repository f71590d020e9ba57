// burin eval: loss, accuracy and confusion matrix of a trained network on a folder of samples.
#include <fmt/core.h>

#include <algorithm>

#include "cli/common.h"
#include "data/split.h"
#include "train/classifier_notes.h"
#include "train/evaluate.h"
#include "train/loss.h"
#include "train/relabel.h"

namespace burin::cli {

namespace {

struct EvalVerb {
  Common common;
  std::string model, data, loss, normalise;
  int64_t batch = 64;
  double hold_out = 0;
};

constexpr size_t kMatrixClasses = 24;  // more do not fit a terminal
constexpr size_t kShownMistakes = 20;

// A network with what its file says, and the samples that it is asked about.
struct Exam {
  train::Trainable network;
  train::ClassifierNotes notes;
  data::OpenedDataset sets;
  const data::Dataset* dataset = nullptr;
  std::vector<int64_t> items;
  std::unique_ptr<train::BatchSource> batches;
  int64_t batch = 0;
};

Result<void> choose_items(const EvalVerb& verb, Exam& exam) {
  bool test = exam.sets.test && verb.hold_out == 0;
  exam.dataset = test ? exam.sets.test.get() : exam.sets.train.get();
  exam.items = data::all_items(*exam.dataset);
  if (verb.hold_out == 0) return {};
  BURIN_ASSIGN(data::Split parts,
               data::split_items(*exam.dataset, verb.hold_out, verb.common.seed));
  exam.items = std::move(parts.held_out);
  return {};
}

Result<data::PictureFormat> picture_format(const EvalVerb& verb, const Exam& exam) {
  BURIN_ASSIGN(Shape sample, train::sample_shape(exam.network));
  data::PictureFormat format;
  if (exam.notes.pictures) {
    format = *exam.notes.pictures;
    if (format.elements() != sample.elements()) {
      return fail(verb.model, "takes samples of " + sample.text() +
                                  ", not the pictures that its metadata describes");
    }
  } else {
    BURIN_ASSIGN(format, train::picture_format(sample, *exam.dataset));
  }
  if (!verb.normalise.empty()) {
    BURIN_ASSIGN(format.normalisation, data::normalisation_from_name(verb.normalise));
  }
  return format;
}

// The network's class for each label of the data set.
Result<std::vector<int64_t>> match_classes(const EvalVerb& verb, const Exam& exam) {
  const auto& known = exam.notes.classes;
  std::vector<int64_t> class_of;
  for (const std::string& name : exam.dataset->classes()) {
    auto found = std::ranges::find(known, name);
    if (found == known.end()) {
      return fail(verb.data, "the network knows no class '" + name + "'",
                  "its classes begin with '" + known.front() + "'");
    }
    class_of.push_back(found - known.begin());
  }
  return class_of;
}

Result<void> open_batches(const EvalVerb& verb, Exam& exam) {
  exam.batch = train::fixed_batch(exam.network).value_or(verb.batch);
  data::LoaderOptions options;
  options.batches.batch = exam.batch;
  options.batches.seed = verb.common.seed;
  options.batches.shuffle = false;
  options.batches.tail = data::Tail::pad;
  BURIN_ASSIGN(options.batches.format, picture_format(verb, exam));
  BURIN_ASSIGN(exam.batches, train::picture_batches(*exam.dataset, exam.items, options));
  if (exam.notes.classes.empty()) {
    exam.notes.classes = exam.dataset->classes();
    return {};
  }
  BURIN_ASSIGN(std::vector<int64_t> class_of, match_classes(verb, exam));
  exam.batches = train::relabel(std::move(exam.batches), std::move(class_of));
  return {};
}

Result<Exam> prepare(const EvalVerb& verb) {
  Exam exam;
  BURIN_ASSIGN(auto model, load_network(verb.model, verb.common));
  BURIN_ASSIGN(exam.network, train::make_evaluable(model->proto(), verb.model));
  BURIN_ASSIGN(exam.notes, train::read_notes(model->proto().metadata));
  BURIN_ASSIGN(exam.sets, data::open_dataset(verb.data));
  BURIN_TRY(choose_items(verb, exam));
  BURIN_TRY(open_batches(verb, exam));
  BURIN_ASSIGN(TensorType scores, train::scores_type(exam.network, exam.batch));
  auto classes = static_cast<int64_t>(exam.notes.classes.size());
  int64_t outputs = scores.shape.rank() == 2 ? scores.shape[1] : 0;
  if (outputs == classes || (outputs == 1 && classes == 2)) return exam;
  return fail(verb.model,
              fmt::format("answers with {}, there are {} classes", scores.text(), classes),
              "train it on this data, or give data of its classes");
}

Result<train::Evaluation> examine(const EvalVerb& verb, Exam& exam) {
  train::StepOptions step;
  step.batch = exam.batch;
  step.labels = exam.batches->labels_type();
  step.loss = !verb.loss.empty()        ? verb.loss
              : exam.notes.loss.empty() ? train::default_loss(exam.network.head)
                                        : exam.notes.loss;
  BURIN_ASSIGN(train::StepGraph graph, train::build_evaluation_graph(exam.network, step));
  train::ProgramOptions options;
  BURIN_ASSIGN(options.compile, verb.common.compile_options());
  options.threads = verb.common.thread_count();
  BURIN_ASSIGN(auto program, train::EvaluationProgram::create(graph, exam.network, options));
  return train::evaluate(*program, train::Variables(graph.variables), *exam.batches);
}

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

int64_t unreadable(const Exam& exam, const train::Evaluation& e) {
  return static_cast<int64_t>(exam.items.size()) - e.samples;
}

nlohmann::json to_json(const Exam& exam, const train::Evaluation& e) {
  nlohmann::json j = {{"images", e.samples},
                      {"unreadable", unreadable(exam, e)},
                      {"loss", e.loss / static_cast<double>(std::max<int64_t>(1, e.samples))},
                      {"accuracy", share(e.correct, e.samples)}};
  if (e.confusion.empty()) return j;
  for (int64_t t = 0; t < e.classes; ++t) {
    j["classes"].push_back({{"name", exam.notes.classes[static_cast<size_t>(t)]},
                            {"images", e.samples_of(t)},
                            {"accuracy", share(e.count(t, t), e.samples_of(t))}});
    auto row = e.confusion.begin() + t * e.classes;
    j["confusion"].push_back(std::vector<int64_t>(row, row + e.classes));
  }
  return j;
}

// A row a class: its images, accuracy, and what they were taken for.
std::string matrix_text(const std::vector<std::string>& names, const train::Evaluation& e) {
  bool whole = names.size() <= kMatrixClasses;
  std::vector<std::vector<std::string>> rows = {{"class", "images", "accuracy"}};
  for (size_t p = 0; whole && p < names.size(); ++p) rows[0].push_back("as " + std::to_string(p));
  rows[0].push_back("");
  for (int64_t t = 0; t < e.classes; ++t) {
    int64_t images = e.samples_of(t);
    rows.push_back({fmt::format("{:>2} {}", t, names[static_cast<size_t>(t)]),
                    std::to_string(images),
                    images ? fmt::format("{:.2f} %", 100 * share(e.count(t, t), images)) : ""});
    for (int64_t p = 0; whole && p < e.classes; ++p) {
      rows.back().push_back(e.count(t, p) ? std::to_string(e.count(t, p)) : ".");
    }
    rows.back().push_back("");
  }
  return format_table(rows);
}

// The pairs of classes that are confused most often.
std::string mistakes_text(const std::vector<std::string>& names, const train::Evaluation& e) {
  struct Mistake {
    int64_t count, truth, predicted;
  };
  std::vector<Mistake> all;
  for (int64_t t = 0; t < e.classes; ++t) {
    for (int64_t p = 0; p < e.classes; ++p) {
      if (t != p && e.count(t, p) > 0) all.push_back({e.count(t, p), t, p});
    }
  }
  std::ranges::stable_sort(all, std::ranges::greater{}, &Mistake::count);
  if (all.size() > kShownMistakes) all.resize(kShownMistakes);
  std::string text;
  for (const Mistake& m : all) {
    text += fmt::format("{:>6} x {} taken for {}\n", m.count, names[static_cast<size_t>(m.truth)],
                        names[static_cast<size_t>(m.predicted)]);
  }
  return text;
}

void print_text(const Exam& exam, const train::Evaluation& e) {
  fmt::print("{} images  loss {:.4f}  accuracy {:.2f} %\n", e.samples,
             e.loss / static_cast<double>(std::max<int64_t>(1, e.samples)),
             100 * share(e.correct, e.samples));
  if (int64_t n = unreadable(exam, e)) fmt::print("{} images cannot be read and are left out\n", n);
  if (e.confusion.empty()) return;
  fmt::print("\n{}", matrix_text(exam.notes.classes, e));
  std::string mistakes = mistakes_text(exam.notes.classes, e);
  if (!mistakes.empty()) fmt::print("\nmost frequent mistakes\n{}", mistakes);
}

Result<int> evaluate(const EvalVerb& verb) {
  BURIN_ASSIGN(Exam exam, prepare(verb));
  BURIN_ASSIGN(train::Evaluation e, examine(verb, exam));
  if (e.samples == 0) return fail(verb.data, "none of its images can be read");
  if (verb.common.json) {
    fmt::print("{}\n",
               to_json(exam, e).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    print_text(exam, e);
  }
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("eval", "measure a trained network on a folder of samples");
  auto options = std::make_shared<EvalVerb>();
  verb->add_option("model", options->model, "ONNX file or built-in network")->required();
  verb->add_option("data", options->data,
                   "folder as of burin train; its test part if it has one, else all of it")
      ->required();
  verb->add_option("--hold-out", options->hold_out,
                   "only what burin train, given this and --seed, held out for validation")
      ->check(CLI::Range(0.0, 0.9));
  verb->add_option("--batch", options->batch, "images at a time")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb->add_option("--loss", options->loss, "(default: as the network was trained)")
      ->check(one_of(train::all_losses()));
  verb->add_option(
      "--normalise", options->normalise,
      "unit, signed, imagenet or none (default: as the network was trained, else unit)");
  options->common.add_threads(*verb);
  options->common.add_target(*verb);
  options->common.add_tune_cache(*verb);
  options->common.add_exact(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_seed(*verb);
  options->common.add_json(*verb);
  verb->footer("Example: burin eval lenet-training/best.onnx /usr/share/datasets/fashion-mnist");
  set_body(*verb, exit_code, [options] { return evaluate(*options); });
}

}  // namespace burin::cli
