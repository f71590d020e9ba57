// Tuning: signatures on whole networks, the cache file, and the search itself.
#include "driver/tune.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>

#include "base/rng.h"
#include "driver/model.h"
#include "driver/trace.h"
#include "tests/support/temp_folder.h"
#include "zoo/save.h"
#include "zoo/zoo.h"

namespace burin::driver {

namespace {

using test::TempFolder;

struct Network {
  graph::Graph graph;
  std::vector<Tensor> inputs;
  std::vector<const void*> pointers;
};

Network make_network(const char* name) {
  auto model = Model::from_memory(name, *zoo::to_bytes(*zoo::find(name), 1));
  Network network{std::move((*model)->import({})->graph), {}, {}};
  Rng rng(3);
  for (const graph::Port& port : network.graph.inputs) {
    Tensor value(network.graph.type(port.node));
    for (int64_t i = 0; i < value.elements(); ++i) {
      is_float(value.dtype()) ? value.set_double(i, rng.normal()) : value.set_int(i, rng.below(2));
    }
    network.inputs.push_back(value);
  }
  for (const Tensor& value : network.inputs) network.pointers.push_back(value.data());
  return network;
}

TunedChoice tuned_choice(const char* text) {
  TunedChoice entry;
  entry.best = *lower::parse_choice(text);
  entry.untuned = *lower::parse_choice("conv rows=1");
  entry.seconds = 0.25;
  entry.tried = {"conv rows=1", text};
  return entry;
}

}  // namespace

TEST(Signature, TheSameMeansTheSameCode) {
  for (const char* name : {"catdog", "squeezenet1_1", "bert_tiny", "mobilenet_v2"}) {
    Network network = make_network(name);
    for (const char* target : {"avx2", "avx512"}) {
      CompileOptions options;
      options.target = *isa::target_from_name(target);
      options.keep = true;
      auto compiled = compile(network.graph, options);
      ASSERT_TRUE(compiled) << compiled.error().text();
      std::map<std::string, std::vector<uint32_t>> seen;
      size_t repeated = 0;
      for (const lower::ChoiceRecord& record : compiled->intermediates->choices) {
        std::vector<uint32_t> codes;
        for (size_t i = 0; i < record.kernels; ++i) {
          codes.push_back(compiled->program.steps[record.first_kernel + i].kernel);
        }
        auto [at, fresh] = seen.emplace(record.signature, codes);
        EXPECT_EQ(at->second, codes) << record.signature;
        repeated += !fresh;
      }
      EXPECT_GT(seen.size(), 2u) << name;
      EXPECT_GE(repeated, std::string(name) == "mobilenet_v2" ? 5u : 0u);
    }
  }
}

TEST(TuneCache, KeepsWhatOthersWrote) {
  TempFolder folder;
  std::string path = folder.file("new/folder/tune.json");
  isa::Target avx2 = *isa::target_from_name("avx2"), avx512 = *isa::target_from_name("avx512");
  for (const char* signature : {"a \"quoted\" one", "another"}) {
    TuneCache cache;
    cache.kernels(avx2)[signature] = tuned_choice("conv rows=3 vectors=2");
    ASSERT_TRUE(cache.save(path));
  }
  TuneCache other;
  other.kernels(avx512)["another"] = tuned_choice("winograd");
  ASSERT_TRUE(other.save(path));

  auto loaded = TuneCache::load(path);
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->choices(avx2).size(), 2u);
  EXPECT_EQ(loaded->choices(avx2)["another"].text(), "conv rows=3 vectors=2");
  EXPECT_EQ(loaded->choices(avx512)["another"].text(), "winograd");
  const TunedChoice& entry = loaded->kernels(avx2)["a \"quoted\" one"];
  EXPECT_EQ(entry.untuned.text(), "conv rows=1");
  EXPECT_EQ(entry.seconds, 0.25);
  EXPECT_EQ(entry.tried.size(), 2u);

  isa::Target older = avx2;
  older.cpu_model = "Another family 1 model 2 stepping 3";
  EXPECT_TRUE(loaded->choices(older).empty());
  older = avx2;
  older.machine.l2_bytes *= 2;
  EXPECT_TRUE(loaded->choices(older).empty());
}

TEST(TuneCache, RefusesHostileFiles) {
  TempFolder folder;
  std::string deep(100'000, '[');
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"),
        std::string(R"({"machines": 1})"), std::string(R"({"machines": {"m": 1}})"),
        std::string(R"({"machines": {"m": {"s": 1}}})"),
        std::string(R"({"machines": {"m": {"s": {}}}})"),
        std::string(R"({"machines": {"m": {"s": {"best": 1, "untuned": "conv"}}}})"),
        std::string(R"({"machines": {"m": {"s": {"best": "CONV", "untuned": "conv"}}}})"),
        std::string("{\"machines\": {\"\xff\": {}}}"), std::string(100, '\0'), deep}) {
    auto loaded = TuneCache::load(folder.write("cache", text));
    EXPECT_FALSE(loaded) << text.substr(0, 100);
  }
  EXPECT_FALSE(TuneCache::load(folder.path().string()));
  // What is known well enough is read.
  auto loaded = TuneCache::load(folder.write(
      "cache",
      R"({"machines": {"m": {"s": {"best": "a", "untuned": "b", "seconds": "x", "tried": [1]}}}})"));
  EXPECT_TRUE(loaded);
  // A file that is not ours is not overwritten.
  TuneCache cache;
  cache.kernels(*isa::target_from_name("avx2"))["s"] = tuned_choice("conv");
  std::string foreign = folder.write("foreign", "precious");
  EXPECT_FALSE(cache.save(foreign));
  std::ifstream file(foreign);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "precious");
}

TEST(Tune, FindsChoicesThatStayRight) {
  Network network = make_network("lenet");
  TuneOptions options;
  options.compile.target = *isa::host_target();
  options.budget = 20;
  size_t calls = 0;
  options.progress = [&](const TuneProgress& p) {
    EXPECT_EQ(p.measured, ++calls);
    EXPECT_LE(p.elapsed + p.remaining, std::max(options.budget, p.elapsed));
  };
  TuneCache::Kernels known;
  auto report = tune(network.graph, network.pointers, options, known);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->measured, calls);
  EXPECT_TRUE(report->complete);
  EXPECT_GT(calls, 3u);
  EXPECT_GE(known.size(), 3u);
  EXPECT_GT(report->tuned_seconds, 0);
  for (const TunedKernel& k : report->kernels) {
    EXPECT_GT(k.untuned_seconds, 0);
    EXPECT_LE(k.tuned_seconds, k.untuned_seconds);
    EXPECT_EQ(known[k.signature].best, k.tuned);
  }

  // Every choice that was tried, not just the winners, makes a right program.
  CompileOptions compile_options = options.compile;
  compile_options.keep = compile_options.verify = true;
  for (size_t i = 0; i < 12; ++i) {
    auto choices = std::make_shared<lower::Choices>();
    for (const auto& [signature, entry] : known) {
      if (i < entry.tried.size()) {
        choices->emplace(signature, *lower::parse_choice(entry.tried[i]));
      }
    }
    compile_options.choices = choices;
    auto compiled = compile(network.graph, compile_options);
    ASSERT_TRUE(compiled) << compiled.error().text();
    auto traced = trace(*compiled, network.inputs, 2);
    ASSERT_TRUE(traced) << traced.error().text();
    for (const TracedValue& v : *traced) EXPECT_LE(v.difference.relative(), 2e-5) << v.algorithm;
  }

  // Again: nothing is left to measure.
  auto again = tune(network.graph, network.pointers, options, known);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->measured, 0u);
  EXPECT_TRUE(again->complete);
}

TEST(Tune, EndsWithItsBudgetAndWhenToldTo) {
  Network network = make_network("catdog");
  TuneOptions options;
  options.compile.target = *isa::host_target();
  options.budget = 0.2;
  TuneCache::Kernels known;
  auto start = std::chrono::steady_clock::now();
  auto report = tune(network.graph, network.pointers, options, known);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->complete);
  EXPECT_LT(seconds, 5);

  options.budget = 1000;
  size_t measured = 0;
  options.progress = [&](const TuneProgress& p) { measured = p.measured; };
  options.stop = [&] { return measured >= 2; };
  report = tune(network.graph, network.pointers, options, known);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->measured, 2u);
  EXPECT_FALSE(report->complete);
  EXPECT_FALSE(known.empty());
  // What was measured is not measured again.
  size_t tried = 0, later = 0;
  for (const auto& [signature, entry] : known) tried += entry.tried.size();
  measured = 0;
  ASSERT_TRUE(tune(network.graph, network.pointers, options, known));
  for (const auto& [signature, entry] : known) later += entry.tried.size();
  EXPECT_GT(later, tried);
}

}  // namespace burin::driver
