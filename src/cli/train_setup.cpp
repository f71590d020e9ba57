// Data, network and method, one after the other.
#include "cli/train_setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/progress.h"
#include "train/classifier.h"

namespace burin::cli {

namespace {

Result<data::Split> split_of(const TrainOptions& o, const data::OpenedDataset& sets) {
  if (!sets.test) return data::split_items(*sets.train, o.samples.hold_out, o.common.seed);
  return data::Split{data::all_items(*sets.train), data::all_items(*sets.test)};
}

Result<void> slice_batches(const TrainOptions& o, const exchange::Exchange& ranks,
                           data::BatchOptions& batches) {
  batches.slices = ranks.ranks();
  batches.slice = ranks.rank();
  batches.batch = o.method.batch / batches.slices;
  if (batches.batch * batches.slices == o.method.batch) return {};
  return fail(
      "--batch",
      fmt::format("{} ranks cannot share {} samples equally", batches.slices, o.method.batch),
      fmt::format("choose a multiple of {}", batches.slices));
}

// "500" steps; "30s", "5m" or "1h".
Result<void> set_checkpoint_interval(const std::string& text, train::TrainerOptions& options) {
  size_t end = text.find_first_not_of("0123456789");
  std::string number = text.substr(0, end), unit = end == std::string::npos ? "" : text.substr(end);
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"", 0}, {"s", 1}, {"m", 60}, {"h", 3600}};
  auto* known = std::ranges::find(kUnits, unit, &std::pair<std::string_view, int64_t>::first);
  if (known == std::end(kUnits) || number.empty() || number.size() > 9) {
    return fail("--checkpoint-every", "'" + text + "' is no number of steps and no time",
                "write 500, 30s, 5m or 1h");
  }
  int64_t count = std::stoll(number);
  options.checkpoint_steps = known->second == 0 ? count : 0;
  options.checkpoint_seconds = static_cast<double>(known->second * count);
  return {};
}

Result<void> set_watch(const TrainOptions& o, train::WatchOptions& watch) {
  watch.check_finite = o.check_finite;
  watch.dump_step = o.dump_step;
  for (const std::string& text : o.dumps) {
    BURIN_ASSIGN(auto dump, parse_dump(text));
    watch.dumps.push_back({dump.first, dump.second});
  }
  return {};
}

// Ranks on the same processors share them.
int threads_of_rank(const TrainOptions& o) {
  if (o.common.threads > 0) return o.common.threads;
  return std::max(1, o.common.thread_count() / exchange::ranks_on_these_processors());
}

Result<train::StepOptions> step_options(const TrainOptions& o, const train::Trainable& trainable) {
  const MethodOptions& method = o.method;
  train::StepOptions step;
  step.loss = method.loss.empty() ? train::default_loss(trainable.head) : method.loss;
  step.loss_options.label_smoothing = method.label_smoothing;
  const train::Optimiser* optimiser = train::find_optimiser(method.optimiser);
  if (!optimiser) return fail("--optimiser", "there is no optimiser '" + method.optimiser + "'");
  step.optimiser = method.optimiser;
  step.optimiser_options = optimiser->defaults;
  if (method.rate > 0) step.optimiser_options.learning_rate = method.rate;
  if (method.momentum >= 0) step.optimiser_options.momentum = method.momentum;
  if (method.weight_decay >= 0) step.optimiser_options.weight_decay = method.weight_decay;
  step.optimiser_options.nesterov = method.nesterov;
  step.clip_norm = method.clip_norm;
  step.ema_decay = method.ema;
  return step;
}

// How many scores the network makes of a sample; 0 if they are no row.
Result<int64_t> count_outputs(const onnx::Model& model, const std::string& name, int64_t batch) {
  BURIN_ASSIGN(train::Trainable trainable, train::make_trainable(model, name));
  BURIN_ASSIGN(TensorType scores, train::scores_type(trainable, batch));
  return scores.shape.rank() == 2 ? scores.shape[1] : 0;
}

// Two classes may share one score where the network has one.
Result<int64_t> wanted_outputs(const TrainOptions& o, size_t classes, int64_t outputs) {
  auto present = static_cast<int64_t>(classes);
  bool shared = outputs == 1 && present == 2;
  int64_t least = shared ? 1 : present, wanted = o.network.classes;
  if (wanted == 0) return least;
  if (wanted >= least) return wanted;
  return fail("--classes", fmt::format("the samples have {} classes, not {}", present, wanted));
}

}  // namespace

Result<void> open_sources(const TrainOptions& o, const train::Trainable& trainable,
                          const exchange::Exchange& ranks, Sources& out) {
  const SampleOptions& samples = o.samples;
  BURIN_ASSIGN(Shape sample, train::sample_shape(trainable));
  BURIN_ASSIGN(out.items, split_of(o, out.sets));
  data::LoaderOptions loader;
  BURIN_TRY(slice_batches(o, ranks, loader.batches));
  loader.batches.seed = o.common.seed;
  data::PictureFormat& format = loader.batches.format;
  BURIN_ASSIGN(format, train::picture_format(sample, *out.sets.train));
  BURIN_ASSIGN(format.normalisation, data::normalisation_from_name(samples.normalise));
  out.pictures = format;
  data::LoaderOptions plain = loader;
  plain.batches.shuffle = false;
  plain.batches.tail = data::Tail::pad;
  BURIN_ASSIGN(out.validation, train::picture_batches(out.held_out(), out.items.held_out, plain));
  loader.batches.augmentation = o.augment.pictures();
  loader.batches.mixup = o.augment.mixup_alpha();
  BURIN_ASSIGN(out.train, train::picture_batches(*out.sets.train, out.items.train, loader));
  return {};
}

Result<train::Trainable> load_trainable(const TrainOptions& o, size_t classes) {
  const std::string& name = o.network.name();
  BURIN_ASSIGN(auto model, load_network(name, o.common));
  onnx::Model proto = model->proto();
  BURIN_ASSIGN(int64_t outputs, count_outputs(proto, name, o.method.batch));
  BURIN_ASSIGN(int64_t wanted, wanted_outputs(o, classes, outputs));
  if (!o.network.finetune.empty() || wanted != outputs) {
    BURIN_ASSIGN(train::Classifier last, train::find_classifier(proto));
    fmt::print(stderr, "new last layer for {} score{}: {}\n", wanted, wanted == 1 ? "" : "s",
               last.text());
    proto = train::replace_classifier(proto, last, wanted, o.common.seed);
  }
  BURIN_ASSIGN(train::Frozen frozen, train::find_frozen(proto, o.network.freeze));
  return train::make_trainable(proto, name, frozen);
}

Result<train::TrainerOptions> trainer_options(TrainOptions& o, const train::Trainable& trainable) {
  train::TrainerOptions options;
  BURIN_ASSIGN(options.step, step_options(o, trainable));
  options.schedule = o.method.schedule;
  options.epochs = o.method.epochs;
  options.sides = o.samples.sizes;
  options.warmup_epochs = o.method.warmup;
  options.seed = o.common.seed;
  options.folder = o.out;
  BURIN_ASSIGN(options.programs.compile, o.common.compile_options());
  options.programs.threads = threads_of_rank(o);
  o.each([&](const char* name, auto& field) { options.saved[name] = field; });
  options.stop = was_interrupted;
  BURIN_TRY(set_watch(o, options.watch));
  BURIN_TRY(set_checkpoint_interval(o.checkpoint_every, options));
  return options;
}

}  // namespace burin::cli
