// burin train: trains a network on a folder of samples.
#include <fmt/core.h>

#include <filesystem>

#include "base/units.h"
#include "cli/common.h"
#include "cli/progress.h"
#include "cli/train_report.h"
#include "cli/train_setup.h"
#include "exchange/exchange.h"

namespace burin::cli {

namespace {

std::string clock_text(double seconds) {
  auto s = static_cast<int64_t>(seconds + 0.5);
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string progress_text(const train::Progress& p) {
  return fmt::format(
      "epoch {}/{}  batch {}/{}  loss {:.4f}  accuracy {:.2f} %  {:.0f} images/s  "
      "data wait {:.0f} %  {} to go",
      p.epoch, p.epochs, p.batch, p.batches, p.loss, 100 * p.accuracy, p.rate, 100 * p.waiting,
      clock_text(p.remaining));
}

void print_epoch(const train::EpochReport& r) {
  fmt::print(
      "epoch {:>3}  loss {:.4f}  accuracy {:.2f} %  validation loss {:.4f}  accuracy {:.2f} %{}  "
      "{:.1f} s, {:.0f} images/s, data wait {:.0f} %\n",
      r.epoch, r.loss, 100 * r.accuracy, r.validation_loss, 100 * r.validation_accuracy,
      r.best ? " (best)" : "", r.seconds, r.rate, 100 * r.waiting);
  std::fflush(stdout);
}

void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// Takes from the checkpoint what the command line does not say.
Result<void> adopt(TrainOptions& options, const train::Checkpoint& checkpoint) {
  try {
    options.each([&](const char* name, auto& field) {
      if (!options.given.contains(name) && checkpoint.options.contains(name)) {
        checkpoint.options.at(name).get_to(field);
      }
    });
  } catch (const nlohmann::json::exception&) {
    return fail(options.resume, "its options are damaged");
  }
  return {};
}

Result<void> check_folders(TrainOptions& options) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!options.resume.empty() && fs::is_directory(options.resume, ignored)) {
    options.resume += "/last.safetensors";
  }
  if (options.out.empty())
    options.out = fs::path(options.network.name()).stem().string() + "-training";
  if (options.resume.empty() && fs::exists(options.out + "/last.safetensors", ignored)) {
    return fail(options.out, "holds a training already",
                "go on with --resume " + options.out + ", or choose another --out");
  }
  return {};
}

nlohmann::json to_json(const TrainOptions& options, const train::TrainReport& report) {
  nlohmann::json j = {{"steps", report.steps},
                      {"interrupted", report.interrupted},
                      {"checkpoint", report.checkpoint}};
  if (report.interrupted) return j;
  j["best_validation_accuracy"] = report.best_accuracy;
  j["model"] = report.model;
  j["report"] = options.out + "/report.html";
  return j;
}

void print_end(const TrainOptions& options, const train::TrainReport& report) {
  if (options.common.json) {
    fmt::print(
        "{}\n",
        to_json(options, report).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (report.interrupted) {
    fmt::print("stopped after step {}; go on with: burin train --resume {}\n", report.steps,
               options.out);
  } else {
    fmt::print("best validation accuracy {:.2f} %: {}\nhow it went: {}/report.html\n",
               100 * report.best_accuracy, report.model, options.out);
  }
  std::fflush(stdout);  // leaving a job may take long
}

// All that training needs, in the order in which it is made.
struct Training {
  Sources sources;
  train::Trainable trainable;
  ProgressLine line;
  std::unique_ptr<train::Trainer> trainer;
};

// Those that were found unreadable since this was last called.
void print_unreadable(const Sources& sources) {
  const data::OpenedDataset& sets = sources.sets;
  auto print = [](train::BatchSource& source, const data::Dataset& set) {
    fmt::print(stderr, "{}", data::unreadable_text(source.take_unreadable(), set.size()));
  };
  print(*sources.train, *sets.train);
  print(*sources.validation, sets.test ? *sets.test : *sets.train);
}

// Says what a limit on memory costs.
void print_memory(const train::FedProgram& gradients) {
  const driver::Recomputation& again = gradients.recomputation();
  if (again.nodes == 0) return;
  fmt::print(stderr,
             "{} of activations: {} nodes are computed again in the backward pass, {:.0f} % more "
             "arithmetic\n",
             human_bytes(static_cast<double>(gradients.program().arena_bytes)), again.nodes,
             100 * again.share);
}

void report_on(Training& training, bool json, train::TrainerOptions& options) {
  options.progress = [&line = training.line](const train::Progress& p) {
    if (line.due()) line.show(progress_text(p));
  };
  options.report = [&training, json](const train::EpochReport& r) {
    training.line.clear();
    json ? print_line(train::metrics_line(r)) : print_epoch(r);
    print_unreadable(training.sources);
  };
}

Result<void> prepare(TrainOptions& options, exchange::Exchange& ranks, Training& training) {
  BURIN_TRY(check_folders(options));
  if (!options.resume.empty()) {
    BURIN_ASSIGN(train::Checkpoint checkpoint, train::load_checkpoint(options.resume));
    BURIN_TRY(adopt(options, checkpoint));
  }
  if (options.samples.data.empty()) return fail("", "which samples? Name a folder of them");
  Sources& sources = training.sources;
  BURIN_ASSIGN(sources.sets, data::open_dataset(options.samples.data));
  const std::vector<std::string>& classes = sources.sets.train->classes();
  BURIN_ASSIGN(training.trainable, load_trainable(options, classes.size()));
  BURIN_TRY(open_sources(options, training.trainable, ranks, sources));
  BURIN_ASSIGN(train::TrainerOptions trainer_opts, trainer_options(options, training.trainable));
  trainer_opts.classes = classes;
  trainer_opts.pictures = sources.pictures;
  trainer_opts.ranks = &ranks;
  trainer_opts.losing = [&](const Diagnostic& why) {
    fmt::print(stderr, "burin: {}\n", exchange::with_rank(ranks, why).text());
  };
  if (ranks.rank() == 0) report_on(training, options.common.json, trainer_opts);
  BURIN_ASSIGN(training.trainer,
               train::Trainer::create(training.trainable, *sources.train, *sources.validation,
                                      std::move(trainer_opts)));
  if (!options.resume.empty()) BURIN_TRY(training.trainer->resume(options.resume));
  if (ranks.rank() == 0) print_memory(training.trainer->training_step().gradients());
  return {};
}

Result<int> train(TrainOptions& options) {
  BURIN_ASSIGN(auto ranks, exchange::join_job({options.patience, was_interrupted}));
  Training training;
  auto prepared = prepare(options, *ranks, training);
  BURIN_ASSIGN(bool go, exchange::all_succeeded(*ranks, prepared));
  if (!go) return 1;
  stop_on_interrupt();
  auto report = training.trainer->run();
  training.line.clear();
  print_unreadable(training.sources);
  if (!report) return std::unexpected(exchange::with_rank(*ranks, report.error()));
  if (ranks->rank() == 0) {
    if (!report->interrupted) {
      BURIN_TRY(write_training_report(options, training.sources, *training.trainer));
    }
    print_end(options, *report);
  }
  BURIN_TRY(ranks->finish());
  return 0;
}

}  // namespace

void add_train(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("train", "train a network on a folder of samples");
  auto options = std::make_shared<TrainOptions>();
  options->add(*verb);
  verb->footer(
      "Ctrl-C saves and says how to go on.\n"
      "Started by Open MPI's mpirun, the processes share each batch and add their gradients.\n"
      "Example: burin train /usr/share/datasets/fashion-mnist --net lenet --epochs 5\n"
      "         burin train photos/ --finetune flowers.onnx --freeze body\n"
      "         mpirun -np 2 burin train photos/ --net resnet18 --batch 64");
  set_body(*verb, exit_code, [options, verb] {
    for (const CLI::Option* option : verb->get_options()) {
      std::string name = option->get_single_name();
      if (name.starts_with("no-")) name = name.substr(3);
      if (option->count() > 0) options->given.insert(name);
    }
    return train(*options);
  });
}

}  // namespace burin::cli
