// Names, ranges and defaults.
#include "cli/train_options.h"

#include "train/loss.h"
#include "train/optimiser.h"
#include "train/schedule.h"

namespace burin::cli {

void NetworkOptions::add(CLI::App& verb) {
  auto* from_scratch =
      verb.add_option("--net", net, "built-in network, ONNX file or net file (burin zoo)");
  from_scratch->capture_default_str();
  verb.add_option("--finetune", finetune, "a trained ONNX file, to be given a new last layer")
      ->excludes(from_scratch);
  verb.add_option("--classes", classes, "scores of the new last layer (default: as in the samples)")
      ->check(CLI::Range(1, 1000000));
  verb.add_option("--freeze", freeze,
                  "leave layers as they are: body (all but the last), or how their names begin")
      ->allow_extra_args(false);
}

void SampleOptions::add(CLI::App& verb) {
  verb.add_option("data", data, "folder: one folder a class, or IDX, .npy or raw files");
  verb.add_option("--hold-out", hold_out, "share for validation where there is no test part")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  verb.add_option("--normalise", normalise, "unit, signed, imagenet or none")
      ->capture_default_str();
  verb.add_option("--sizes", sizes,
                  "train on pictures of these sides in turn, each for a share of the epochs: small "
                  "ones first, such as 48,64,96, cost less (default: the network's size)")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 16))
      ->allow_extra_args(false);
}

void MethodOptions::add(CLI::App& verb) {
  verb.add_option("--epochs", epochs, "how often each sample is seen")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  verb.add_option("--batch", batch, "samples in a step")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb.add_option("--optimiser", optimiser, "how weights follow gradients")
      ->check(one_of(train::all_optimisers()))
      ->capture_default_str();
  verb.add_option("--lr", rate, "learning rate (default: the optimiser's)")
      ->check(CLI::PositiveNumber);
  verb.add_option("--momentum", momentum, "of sgd and rmsprop")->check(CLI::Range(0.0, 1.0));
  verb.add_flag("--nesterov", nesterov, "Nesterov's momentum for sgd");
  verb.add_option("--weight-decay", weight_decay, "(default: the optimiser's)")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--schedule", schedule, "the learning rate over time")
      ->check(one_of(train::all_schedules()))
      ->capture_default_str();
  verb.add_option("--warmup", warmup, "epochs in which the learning rate rises")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--loss", loss, "what is minimised (default: by the network's end)")
      ->check(one_of(train::all_losses()));
  verb.add_option("--label-smoothing", label_smoothing, "of cross_entropy")
      ->check(CLI::Range(0.0, 1.0));
  verb.add_option("--clip-norm", clip_norm, "limit for the norm of all gradients together")
      ->check(CLI::NonNegativeNumber);
  verb.add_option("--ema", ema, "average the weights with this decay, and validate the average")
      ->check(CLI::Range(0.0, 1.0));
}

namespace {

void add_watch(CLI::App& verb, TrainOptions& o) {
  verb.add_flag("--check-finite", o.check_finite,
                "stop where a number is no longer finite, and say which layer made it");
  verb.add_option("--dump", o.dumps,
                  "write a value of one step: NAME=FILE.npy, or gradient:NAME=FILE.npy");
  verb.add_option("--dump-step", o.dump_step, "which step that is, counted from 1")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

}  // namespace

void TrainOptions::add(CLI::App& verb) {
  samples.add(verb);
  network.add(verb);
  augment.add(verb);
  method.add(verb);
  verb.add_option("-o,--out", out, "folder for checkpoints, metrics and the network");
  verb.add_option("--checkpoint-every", checkpoint_every,
                  "steps (500) or time (30s, 5m, 1h) between checkpoints; 0 for epochs alone")
      ->capture_default_str();
  verb.add_option("--resume", resume, "go on from a checkpoint, or from such a folder");
  verb.add_option("--patience", patience,
                  "with mpirun: seconds without an answer after which a rank counts as lost")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  add_watch(verb, *this);
  common.add_threads(verb);
  common.add_target(verb);
  common.add_tune_cache(verb);
  common.add_exact(verb);
  common.add_max_memory(verb);
  common.add_seed(verb);
  verb.add_flag("--json", common.json, "a line of JSON for each epoch, and one for the end");
}

}  // namespace burin::cli
