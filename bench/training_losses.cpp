// The losses of training a network on given batches, in their order. What bench/same_mathematics
// compares with PyTorch.
//   bench_training_losses resnet18.onnx FOLDER [--steps 200] [--batch 16] [--optimiser sgd]
//   [--lr 0.01] [--threads 1] [--exact]
// FOLDER holds x.npy (f32 [N, sample...]) and y.npy (i64 [N]); their rows are taken in order, again
// from the first when all are used. Prints a JSON list.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "CLI/CLI.hpp"
#include "bench/support/training.h"
#include "tensor/npy.h"
#include "train/step_program.h"

namespace burin::bench {
namespace {

struct Settings {
  std::string network, folder, optimiser = "sgd";
  int64_t steps = 200, batch = 16;
  double rate = 0.01;
  int threads = 1;
  bool exact = false;
};

struct Rows {
  Tensor data, labels;
  int64_t batches = 0;
};

// Refuses what the program would read past.
Result<Rows> read_rows(const Settings& s, const runtime::Program& program,
                       const train::Trainable& trainable) {
  Rows rows;
  BURIN_ASSIGN(rows.data, read_npy(s.folder + "/x.npy"));
  BURIN_ASSIGN(rows.labels, read_npy(s.folder + "/y.npy"));
  const Shape& shape = rows.data.shape();
  for (const runtime::PortSpec& port : program.inputs) {
    if (port.name != trainable.input) continue;
    Dims whole = port.type.shape.dims();
    whole[0] = shape.rank() == 0 ? 0 : shape[0];
    if (rows.data.type() != TensorType{port.type.dtype, Shape(whole)}) {
      return fail(s.folder + "/x.npy", "holds " + rows.data.type().text(),
                  "the network takes " + port.type.text());
    }
  }
  if (rows.labels.type() != TensorType{DType::i64, {shape[0]}}) {
    return fail(s.folder + "/y.npy", "holds " + rows.labels.type().text(),
                "it must hold the class of each row of x.npy, i64");
  }
  rows.batches = shape[0] / s.batch;
  if (rows.batches == 0) return fail(s.folder, "holds less than one batch");
  return rows;
}

Result<std::vector<double>> train(const Settings& s, const train::StepGraph& step,
                                  train::StepProgram& program, const Rows& rows) {
  train::Variables variables(step.variables);
  const train::Optimiser& optimiser = *train::find_optimiser(s.optimiser);
  std::vector<double> losses;
  for (int64_t i = 0; i < s.steps; ++i) {
    int64_t at = i % rows.batches;
    auto part = [&](const Tensor& t) {
      return t.data() + at * s.batch * (t.type().bytes() / t.shape()[0]);
    };
    losses.push_back(program.compute(variables, {part(rows.data), part(rows.labels)},
                                     train::scalars_of_step(optimiser.defaults, s.rate, i + 1), 0));
    BURIN_TRY(program.finish(variables));
  }
  return losses;
}

Result<void> run(const Settings& s) {
  BURIN_ASSIGN(const train::Optimiser* optimiser, optimiser_named(s.optimiser));
  BURIN_ASSIGN(TrainedNetwork built, build_training(s.network, s.batch, *optimiser));
  train::ProgramOptions options;
  options.threads = s.threads;
  options.compile.exact = s.exact;
  BURIN_ASSIGN(options.compile.target, isa::host_target());
  BURIN_ASSIGN(auto program, train::StepProgram::create(built.step, built.trainable, options));
  BURIN_ASSIGN(Rows rows, read_rows(s, program->gradients().program(), built.trainable));
  BURIN_ASSIGN(std::vector<double> losses, train(s, built.step, *program, rows));
  std::printf("%s\n", nlohmann::json(losses).dump().c_str());
  return {};
}

int main_of(int argc, char** argv) {
  Settings s;
  CLI::App app("The losses of training on given batches");
  app.add_option("network", s.network, "built-in network or ONNX file")->required();
  app.add_option("folder", s.folder, "where x.npy and y.npy are")->required();
  app.add_option("--steps", s.steps, "how many")->check(CLI::Range(1, 1000000));
  app.add_option("--batch", s.batch, "samples in a step")->check(CLI::Range(1, 1 << 20));
  app.add_option("--optimiser", s.optimiser, "how weights follow gradients");
  app.add_option("--lr", s.rate, "learning rate");
  app.add_option("--threads", s.threads, "threads to run on");
  app.add_flag("--exact", s.exact, "sum as written: no Winograd, no Strassen");
  CLI11_PARSE(app, argc, argv);
  Result<void> done = run(s);
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().text().c_str());
  return 1;
}

}  // namespace
}  // namespace burin::bench

int main(int argc, char** argv) { return burin::bench::main_of(argc, argv); }
