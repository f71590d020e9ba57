// The options of burin train, by area. An area adds its options to the verb, and each() visits what
// a checkpoint keeps of them, by the options' names.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/augment_options.h"
#include "cli/common.h"

namespace burin::cli {

struct NetworkOptions {
  std::string net = "lenet", finetune;
  int64_t classes = 0;  // 0: as many as the samples have
  std::vector<std::string> freeze;

  const std::string& name() const { return finetune.empty() ? net : finetune; }
  void add(CLI::App& verb);
  template <class F>
  void each(F&& f) {
    f("net", net), f("finetune", finetune), f("classes", classes), f("freeze", freeze);
  }
};

struct SampleOptions {
  std::string data, normalise = "unit";
  std::vector<int64_t> sizes;  // sides of the training pictures; empty: as the network takes them
  double hold_out = 0.1;

  void add(CLI::App& verb);
  template <class F>
  void each(F&& f) {
    f("data", data), f("hold-out", hold_out), f("normalise", normalise), f("sizes", sizes);
  }
};

// How weights follow from samples. What is negative or empty is as the optimiser or the network
// says.
struct MethodOptions {
  std::string loss, optimiser = "adamw", schedule = "cosine";
  int64_t epochs = 10, batch = 64;
  double rate = 0, momentum = -1, weight_decay = -1, warmup = 0, label_smoothing = 0;
  double clip_norm = 0, ema = 0;
  bool nesterov = false;

  void add(CLI::App& verb);
  template <class F>
  void each(F&& f) {
    f("epochs", epochs), f("batch", batch), f("loss", loss), f("optimiser", optimiser);
    f("schedule", schedule), f("lr", rate), f("momentum", momentum), f("nesterov", nesterov);
    f("weight-decay", weight_decay), f("warmup", warmup), f("label-smoothing", label_smoothing);
    f("clip-norm", clip_norm), f("ema", ema);
  }
};

struct TrainOptions {
  Common common;
  NetworkOptions network;
  SampleOptions samples;
  AugmentOptions augment;
  MethodOptions method;
  std::string out, resume, checkpoint_every = "5m";
  double patience = 300;  // seconds
  bool check_finite = false;
  std::vector<std::string> dumps;  // NAME=FILE.npy
  int64_t dump_step = 1;
  std::set<std::string> given;  // the options that the command line has

  void add(CLI::App& verb);
  template <class F>
  void each(F&& f) {
    network.each(f), samples.each(f), augment.each(f), method.each(f);
    f("out", out), f("seed", common.seed), f("checkpoint-every", checkpoint_every);
  }
};

}  // namespace burin::cli
