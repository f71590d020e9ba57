// What a second processor brings: a network on one thread, on two, and as two independent copies on
// one thread each, by turns of a tenth of a second, so that all three see the same machine.
//   bench_scaling resnet50 model.onnx ... [--seconds 3] [--json]
// "gain" is the time of one thread over that of two. "copies" is the same for work that shares
// nothing: two copies at once, per run of either. What they fall short of 2 is the machine's, where
// processors share power, a memory bus or their time with other machines. What a gain falls short
// of them is the price of working on one thing: a line of memory goes from one processor to the
// other and back in the "round trip", some 50 ns where they share a cache and ten times that where
// not.
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "CLI/CLI.hpp"
#include "driver/model.h"
#include "isa/target.h"
#include "runtime/session.h"
#include "zoo/save.h"
#include "zoo/zoo.h"

namespace burin::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::vector<std::string> networks;
  double seconds = 3;
  bool json = false;
};

// A session with its buffers.
class Copy {
 public:
  static Result<Copy> create(std::shared_ptr<const runtime::Program> program, int threads) {
    Copy copy;
    BURIN_ASSIGN(copy.session_, runtime::Session::create(program, threads));
    for (const runtime::PortSpec& port : program->inputs) {
      copy.tensors_.emplace_back(port.type);
      copy.inputs_.push_back(copy.tensors_.back().data());
    }
    for (const runtime::PortSpec& port : program->outputs) {
      copy.tensors_.emplace_back(port.type);
      copy.outputs_.push_back(copy.tensors_.back().mutable_data());
    }
    return copy;
  }

  // Seconds of a run, of so many.
  double run(int times) {
    auto start = Clock::now();
    for (int i = 0; i < times; ++i) session_->run(inputs_, outputs_);
    return std::chrono::duration<double>(Clock::now() - start).count() / times;
  }

 private:
  std::unique_ptr<runtime::Session> session_;
  std::vector<Tensor> tensors_;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
};

// Keeps the calling thread, and those that it starts, on one of the processors that it might use.
class OnProcessor {
 public:
  explicit OnProcessor(size_t index) {
    CPU_ZERO(&usable_);
    sched_getaffinity(0, sizeof(usable_), &usable_);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &usable_) && index-- == 0) CPU_SET(cpu, &one);
    }
    sched_setaffinity(0, sizeof(one), &one);
  }
  ~OnProcessor() { sched_setaffinity(0, sizeof(usable_), &usable_); }
  OnProcessor(const OnProcessor&) = delete;
  OnProcessor& operator=(const OnProcessor&) = delete;

  static int count() {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    return sched_getaffinity(0, sizeof(usable), &usable) == 0 ? CPU_COUNT(&usable) : 1;
  }

 private:
  cpu_set_t usable_;
};

// A thread on the second processor that runs a copy when told.
class Neighbour {
 public:
  explicit Neighbour(Copy copy) : copy_(std::move(copy)), thread_([this] { serve(); }) {}
  ~Neighbour() {
    begin(-1);
    thread_.join();
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  void begin(int times) {
    times_.store(times);
    times_.notify_one();
  }
  // Seconds of a run.
  double end() {
    while (times_.load() > 0) std::this_thread::yield();
    return seconds_;
  }

 private:
  void serve() {
    OnProcessor second(1);
    for (int times; (times = times_.load()) >= 0;) {
      if (times > 0) {
        seconds_ = copy_.run(times);
        times_.compare_exchange_strong(times, 0);
      }
      times_.wait(0);
    }
  }

  Copy copy_;
  double seconds_ = 0;
  std::atomic<int> times_ = 0;
  std::thread thread_;
};

double median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

// Nanoseconds for a line to the second processor and back.
double round_trip() {
  constexpr int kTrips = 20'000;
  alignas(64) std::atomic<int> ball = 0;
  std::jthread second([&] {
    OnProcessor there(1);
    for (int i = 0; i < kTrips; ++i) {
      while (ball.load(std::memory_order_acquire) != 2 * i + 1) {
      }
      ball.store(2 * i + 2, std::memory_order_release);
    }
  });
  OnProcessor here(0);
  std::vector<double> trips;
  for (int i = 0; i < kTrips; ++i) {
    auto start = Clock::now();
    ball.store(2 * i + 1, std::memory_order_release);
    while (ball.load(std::memory_order_acquire) != 2 * i + 2) {
    }
    trips.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  return 1e9 * median(trips);
}

struct Figures {
  std::vector<double> one, two, gain, copies;
  double trip = 0;  // ns
};

Result<std::shared_ptr<const runtime::Program>> compile(const std::string& network) {
  std::unique_ptr<driver::Model> model;
  if (const zoo::ZooEntry* entry = zoo::find(network)) {
    BURIN_ASSIGN(zoo::Bytes bytes, zoo::to_bytes(*entry, 1));
    BURIN_ASSIGN(model, driver::Model::from_memory(network, std::move(bytes)));
  } else {
    BURIN_ASSIGN(model, driver::Model::load(network));
  }
  driver::CompileOptions options;
  BURIN_ASSIGN(options.target, isa::host_target());
  BURIN_ASSIGN(auto engraved, model->engrave({}, options));
  return engraved->program;
}

Result<Figures> measure(const std::string& network, double seconds) {
  constexpr double kTurn = 0.1;  // seconds, of each kind of run
  BURIN_ASSIGN(auto program, compile(network));
  BURIN_ASSIGN(Copy alone, Copy::create(program, 1));
  BURIN_ASSIGN(Copy second, Copy::create(program, 1));
  BURIN_ASSIGN(Copy together, Copy::create(program, 2));
  Figures figures;
  figures.trip = round_trip();
  Neighbour neighbour(std::move(second));  // it finds both processors
  OnProcessor first(0);
  int times = std::max(1, static_cast<int>(kTurn / alone.run(2)));
  auto start = Clock::now();
  do {
    alone.run(1);  // each turn finds its caches as it left them
    double here = alone.run(times);
    neighbour.begin(1);
    neighbour.end();
    neighbour.begin(times);
    double one = (here + neighbour.end()) / 2;  // processors may differ
    neighbour.begin(times);
    here = alone.run(times);
    double copies = (here + neighbour.end()) / 2;
    together.run(1);
    double two = together.run(times);
    figures.one.push_back(one);
    figures.two.push_back(two);
    figures.gain.push_back(one / two);
    figures.copies.push_back(2 * one / copies);
  } while (std::chrono::duration<double>(Clock::now() - start).count() < seconds);
  return figures;
}

Result<void> run(const Options& options) {
  if (OnProcessor::count() < 2) return fail("", "there is one processor alone");
  nlohmann::json rows = nlohmann::json::array();
  if (!options.json) {
    std::printf("%-24s %9s %9s %6s %7s %11s\n", "network", "1 thread", "2 threads", "gain",
                "copies", "round trip");
  }
  for (const std::string& network : options.networks) {
    BURIN_ASSIGN(Figures f, measure(network, options.seconds));
    double one = 1e3 * median(f.one), two = 1e3 * median(f.two);
    double gain = median(f.gain), copies = median(f.copies);
    rows.push_back({{"network", network},
                    {"one_ms", one},
                    {"two_ms", two},
                    {"gain", gain},
                    {"copies", copies},
                    {"turns", f.gain.size()},
                    {"round_trip_ns", f.trip}});
    if (options.json) continue;
    std::printf("%-24s %6.2f ms %6.2f ms %5.2fx %6.2fx %8.0f ns\n", network.c_str(), one, two, gain,
                copies, f.trip);
    std::fflush(stdout);
  }
  if (options.json) std::printf("%s\n", rows.dump(2).c_str());
  return {};
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app("What a second processor brings");
  app.add_option("networks", options.networks, "built-in networks or ONNX files")->required();
  app.add_option("--seconds", options.seconds, "how long to measure each");
  app.add_flag("--json", options.json, "machine-readable output");
  CLI11_PARSE(app, argc, argv);
  if (auto done = run(options); !done) {
    std::fprintf(stderr, "bench_scaling: %s\n", done.error().text().c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace burin::bench

int main(int argc, char** argv) { return burin::bench::main_of(argc, argv); }
