// burin train: trains a network on a folder of samples.
#include <fmt/core.h>

#include <filesystem>
#include <set>

#include "cli/common.h"
#include "cli/progress.h"
#include "data/split.h"
#include "train/trainer.h"

namespace burin::cli {

namespace {

struct TrainVerb {
  Common common;
  std::string resume;
  std::set<std::string> given;  // the options that the command line has

  std::string data, net = "lenet", out, loss, optimiser = "adamw", schedule = "cosine";
  int64_t epochs = 10, batch = 64;
  double rate = 0, momentum = -1, weight_decay = -1, warmup = 0, label_smoothing = 0;
  double clip_norm = 0, ema = 0, hold_out = 0.1, crop = 1;
  int shift = 0;
  bool nesterov = false, flip = false;
  std::string normalise = "unit";

  // What a checkpoint keeps, by the names of the options.
  template <class F>
  void each(F&& f) {
    f("data", data), f("net", net), f("out", out), f("loss", loss), f("optimiser", optimiser);
    f("schedule", schedule), f("epochs", epochs), f("batch", batch), f("lr", rate);
    f("momentum", momentum), f("weight-decay", weight_decay), f("warmup", warmup);
    f("label-smoothing", label_smoothing), f("clip-norm", clip_norm), f("ema", ema);
    f("nesterov", nesterov), f("seed", common.seed);
    f("hold-out", hold_out), f("normalise", normalise), f("flip", flip), f("shift", shift);
    f("crop", crop);
  }
};

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

// Takes from the checkpoint what the command line does not say.
Result<void> adopt(TrainVerb& verb, const train::Checkpoint& checkpoint) {
  try {
    verb.each([&](const char* name, auto& field) {
      if (!verb.given.contains(name) && checkpoint.options.contains(name)) {
        checkpoint.options.at(name).get_to(field);
      }
    });
  } catch (const nlohmann::json::exception&) {
    return fail(verb.resume, "its options are damaged");
  }
  return {};
}

Result<void> check_folders(TrainVerb& verb) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!verb.resume.empty() && fs::is_directory(verb.resume, ignored)) {
    verb.resume += "/last.safetensors";
  }
  if (verb.out.empty()) verb.out = fs::path(verb.net).stem().string() + "-training";
  if (verb.resume.empty() && fs::exists(verb.out + "/last.safetensors", ignored)) {
    return fail(verb.out, "holds a training already",
                "go on with --resume " + verb.out + ", or choose another --out");
  }
  return {};
}

std::string loss_of(const TrainVerb& verb, const train::Trainable& trainable) {
  if (!verb.loss.empty()) return verb.loss;
  return trainable.head == train::Head::sigmoid ? "bce_with_logits" : "cross_entropy";
}

Result<train::StepOptions> step_options(const TrainVerb& verb, const train::Trainable& trainable) {
  train::StepOptions step;
  step.loss = loss_of(verb, trainable);
  step.loss_options.label_smoothing = verb.label_smoothing;
  const train::Optimiser* optimiser = train::find_optimiser(verb.optimiser);
  if (!optimiser) return fail("--optimiser", "there is no optimiser '" + verb.optimiser + "'");
  step.optimiser = verb.optimiser;
  step.optimiser_options = optimiser->defaults;
  if (verb.rate > 0) step.optimiser_options.learning_rate = verb.rate;
  if (verb.momentum >= 0) step.optimiser_options.momentum = verb.momentum;
  if (verb.weight_decay >= 0) step.optimiser_options.weight_decay = verb.weight_decay;
  step.optimiser_options.nesterov = verb.nesterov;
  step.clip_norm = verb.clip_norm;
  step.ema_decay = verb.ema;
  return step;
}

Result<train::TrainerOptions> trainer_options(TrainVerb& verb, const train::Trainable& trainable) {
  train::TrainerOptions options;
  BURIN_ASSIGN(options.step, step_options(verb, trainable));
  options.schedule = verb.schedule;
  options.epochs = verb.epochs;
  options.warmup_epochs = verb.warmup;
  options.seed = verb.common.seed;
  options.folder = verb.out;
  BURIN_ASSIGN(options.programs.compile, verb.common.compile_options());
  options.programs.threads = verb.common.thread_count();
  verb.each([&](const char* name, auto& field) { options.saved[name] = field; });
  options.stop = was_interrupted;
  return options;
}

// The shape in which the network takes one sample.
Result<Shape> sample_shape(const train::Trainable& trainable) {
  for (const onnx::ValueInfo& input : trainable.original.graph.inputs) {
    if (input.name != trainable.input || !input.dims || input.dims->empty()) continue;
    Dims dims;
    for (size_t i = 1; i < input.dims->size(); ++i) {
      dims.push_back((*input.dims)[i].size.value_or(1));
    }
    return Shape(dims);
  }
  return fail(trainable.name, "the shape of its input is not known");
}

void print_end(const TrainVerb& verb, const train::TrainReport& report) {
  if (report.interrupted) {
    fmt::print("stopped after step {}; go on with: burin train --resume {}\n", report.steps,
               verb.out);
    return;
  }
  fmt::print("best validation accuracy {:.2f} %: {}\n", 100 * report.best_accuracy, report.model);
}

// What is trained on and what is validated on.
struct Sources {
  data::OpenedDataset sets;
  std::unique_ptr<train::BatchSource> train, validation;
};

Result<data::Split> split(const TrainVerb& verb, const data::OpenedDataset& sets) {
  if (!sets.test) return data::split_items(*sets.train, verb.hold_out, verb.common.seed);
  return data::Split{data::all_items(*sets.train), data::all_items(*sets.test)};
}

Result<void> open_sources(const TrainVerb& verb, const Shape& sample, Sources& out) {
  const data::Dataset& held_out = out.sets.test ? *out.sets.test : *out.sets.train;
  BURIN_ASSIGN(data::Split items, split(verb, out.sets));
  data::LoaderOptions options;
  options.batches.batch = verb.batch;
  options.batches.seed = verb.common.seed;
  BURIN_ASSIGN(options.batches.format, train::picture_format(sample, *out.sets.train));
  BURIN_ASSIGN(options.batches.format.normalisation, data::normalisation_from_name(verb.normalise));
  data::LoaderOptions plain = options;
  plain.batches.shuffle = false;
  plain.batches.tail = data::Tail::pad;
  BURIN_ASSIGN(out.validation, train::picture_batches(held_out, items.held_out, plain));
  options.batches.augmentation = {.flip = verb.flip, .min_area = verb.crop, .shift = verb.shift};
  BURIN_ASSIGN(out.train, train::picture_batches(*out.sets.train, items.train, options));
  return {};
}

// The network with as many outputs as there are classes; two may share one.
Result<train::Trainable> load_trainable(const TrainVerb& verb, size_t classes) {
  BURIN_ASSIGN(auto model, load_network(verb.net, verb.common));
  BURIN_ASSIGN(train::Trainable trainable, train::make_trainable(model->proto(), verb.net));
  BURIN_ASSIGN(TensorType scores, train::scores_type(trainable, verb.batch));
  auto wanted = static_cast<int64_t>(classes);
  int64_t outputs = scores.shape.rank() == 2 ? scores.shape[1] : 0;
  if (outputs == wanted || (outputs == 1 && wanted == 2)) return trainable;
  BURIN_ASSIGN(onnx::Model fitting, train::with_classes(model->proto(), wanted, verb.common.seed));
  return train::make_trainable(fitting, verb.net);
}

Result<int> train(TrainVerb& verb) {
  BURIN_TRY(check_folders(verb));
  if (!verb.resume.empty()) {
    BURIN_ASSIGN(train::Checkpoint checkpoint, train::load_checkpoint(verb.resume));
    BURIN_TRY(adopt(verb, checkpoint));
  }
  if (verb.data.empty()) return fail("", "which samples? Name a folder of them");
  Sources sources;
  BURIN_ASSIGN(sources.sets, data::open_dataset(verb.data));
  const std::vector<std::string>& classes = sources.sets.train->classes();
  BURIN_ASSIGN(train::Trainable trainable, load_trainable(verb, classes.size()));
  BURIN_ASSIGN(Shape sample, sample_shape(trainable));
  BURIN_TRY(open_sources(verb, sample, sources));
  BURIN_ASSIGN(train::TrainerOptions options, trainer_options(verb, trainable));
  options.classes = classes;
  ProgressLine line;
  options.progress = [&](const train::Progress& p) {
    if (line.due()) line.show(progress_text(p));
  };
  options.report = [&](const train::EpochReport& r) { line.clear(), print_epoch(r); };
  BURIN_ASSIGN(auto trainer, train::Trainer::create(trainable, *sources.train, *sources.validation,
                                                    std::move(options)));
  if (!verb.resume.empty()) BURIN_TRY(trainer->resume(verb.resume));
  stop_on_interrupt();
  auto report = trainer->run();
  line.clear();
  if (!report) return std::unexpected(report.error());
  print_end(verb, *report);
  return 0;
}

template <class Row>
CLI::IsMember one_of(std::span<const Row> rows) {
  std::set<std::string> names;
  for (const Row& row : rows) names.insert(std::string(row.name));
  return CLI::IsMember(names);
}

void add_method(CLI::App& verb, TrainVerb& o) {
  verb.add_option("--optimiser", o.optimiser, "how weights follow gradients")
      ->check(one_of(train::all_optimisers()))
      ->capture_default_str();
  verb.add_option("--lr", o.rate, "learning rate (default: the optimiser's)")
      ->check(CLI::PositiveNumber);
  verb.add_option("--momentum", o.momentum, "of sgd and rmsprop")->check(CLI::Range(0.0, 1.0));
  verb.add_flag("--nesterov", o.nesterov, "Nesterov's momentum for sgd");
  verb.add_option("--weight-decay", o.weight_decay, "(default: the optimiser's)")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--schedule", o.schedule, "the learning rate over time")
      ->check(one_of(train::all_schedules()))
      ->capture_default_str();
  verb.add_option("--warmup", o.warmup, "epochs in which the learning rate rises")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--loss", o.loss, "what is minimised (default: by the network's end)")
      ->check(one_of(train::all_losses()));
  verb.add_option("--label-smoothing", o.label_smoothing, "of cross_entropy")
      ->check(CLI::Range(0.0, 1.0));
  verb.add_option("--clip-norm", o.clip_norm, "limit for the norm of all gradients together")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--ema", o.ema, "average the weights with this decay, and validate the average")
      ->check(CLI::Range(0.0, 1.0));
}

void add_data(CLI::App& verb, TrainVerb& o) {
  verb.add_option("data", o.data, "folder: one folder a class, or IDX, .npy or raw files");
  verb.add_option("--hold-out", o.hold_out, "share for validation where there is no test part")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  verb.add_option("--normalise", o.normalise, "unit, imagenet or none")->capture_default_str();
  verb.add_flag("--flip", o.flip, "mirror half of the pictures");
  verb.add_option("--shift", o.shift, "move pictures by up to so many pixels")
      ->check(CLI::Range(0, 1000));
  verb.add_option("--crop", o.crop, "crop to this share of the area at least")
      ->check(CLI::Range(0.01, 1.0));
}

}  // namespace

void add_train(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("train", "train a network on a folder of samples");
  auto options = std::make_shared<TrainVerb>();
  add_data(*verb, *options);
  verb->add_option("--net", options->net, "ONNX file or built-in network")->capture_default_str();
  verb->add_option("--epochs", options->epochs, "how often each sample is seen")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  verb->add_option("--batch", options->batch, "samples in a step")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  add_method(*verb, *options);
  verb->add_option("-o,--out", options->out, "folder for checkpoints, metrics and the network");
  verb->add_option("--resume", options->resume, "go on from a checkpoint, or from such a folder");
  options->common.add_threads(*verb);
  options->common.add_target(*verb);
  options->common.add_tune_cache(*verb);
  options->common.add_exact(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_seed(*verb);
  verb->footer(
      "Ctrl-C saves and says how to go on.\n"
      "Example: burin train /usr/share/datasets/fashion-mnist --net lenet --epochs 5");
  set_body(*verb, exit_code, [options, verb] {
    for (const CLI::Option* option : verb->get_options()) {
      if (option->count() > 0) options->given.insert(option->get_single_name());
    }
    return train(*options);
  });
}

}  // namespace burin::cli
