// Choices of kernels: their text, their use, and the signatures they are kept by.
#include "lower/choice.h"

#include <gtest/gtest.h>

#include "loop/equal.h"
#include "lower/kernels/signature.h"
#include "lower/lower.h"
#include "tests/support/dense_case.h"

namespace burin::test {
namespace {

using lower::Choice;
using lower::DenseJob;
using lower::DenseKernels;

bool same_kernels(const DenseKernels& a, const DenseKernels& b) {
  auto same = [](const lower::DenseStage& x, const lower::DenseStage& y) {
    return loop::same_code(x.function, y.function) && x.tiles == y.tiles && x.uses == y.uses;
  };
  return std::equal(a.stages.begin(), a.stages.end(), b.stages.begin(), b.stages.end(), same);
}

// The case by every alternative to the choice of the model, each of which must be taken.
std::vector<DenseOutcome> run_alternatives(const DenseCase& c, const loop::Machine& machine,
                                           const RunTile& run) {
  std::vector<Choice> choices;
  with_job(c, machine, [&](const DenseJob& job) {
    choices = lower::alternatives_to(job, lower::make_dense(job).choice);
  });
  std::vector<DenseOutcome> outcomes;
  for (const Choice& choice : choices) {
    auto make = [&](const DenseJob& job) {
      DenseKernels kernels = lower::make_dense(job, &choice);
      EXPECT_EQ(kernels.choice.method, choice.method) << c.name;
      EXPECT_TRUE(choice.parameters.empty() || kernels.choice == choice) << choice.text();
      return kernels;
    };
    outcomes.push_back(run_dense(c, machine, make, run));
  }
  return outcomes;
}

std::vector<DenseCase> choice_cases() {
  DenseCase narrow =
      conv_case("3x3", {1, 17, 33, 7}, {3, 3, 7, 33}, {1, 1}, {1, 1}, {1, 1}, {1, 1});
  DenseCase pointwise =
      conv_case("1x1", {2, 7, 9, 5}, {1, 1, 5, 70}, {1, 1}, {0, 0}, {0, 0}, {1, 1});
  DenseCase grouped =
      conv_case("grouped", {1, 5, 7, 6}, {3, 3, 2, 48}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 3);
  DenseCase spread =
      conv_case("spread", {1, 4, 5, 4}, {3, 3, 4, 18}, {1, 1}, {1, 1}, {1, 1}, {1, 1});
  std::get<graph::ConvAttr>(spread.attr).x_dilation = {2, 2};
  DenseCase depthwise =
      conv_case("depthwise", {2, 6, 17, 40}, {3, 3, 1, 40}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 40);
  DenseCase pool = window_case("pool", {1, 7, 17, 33}, graph::ReduceKind::max, {1, 3, 3, 1},
                               {1, 2, 2, 1}, {0, 1, 1, 0}, {0, 1, 1, 0});
  std::vector<DenseCase> all = {narrow,
                                pointwise,
                                grouped,
                                spread,
                                depthwise,
                                pool,
                                matmul_case("matmul", {17, 33}, {33, 70}),
                                matmul_case("one row", {1, 33}, {33, 129})};
  for (DenseCase& c : all) c.epilogue = true;
  return all;
}

TEST(Choice, TextReadsBack) {
  for (const Choice& choice : {Choice{"conv", {}}, Choice{"gemm", {{"rows", 14}, {"x_y", -3}}}}) {
    EXPECT_EQ(lower::parse_choice(choice.text()), choice);
  }
}

TEST(Choice, RefusesOtherText) {
  std::string many = "conv";
  for (char c = 'a'; c <= 'z'; ++c) many += std::string(" ") + c + "=1 a" + c + "=2";
  for (const std::string& text :
       {std::string(), std::string("conv "), std::string("Conv rows=1"), std::string("conv rows"),
        std::string("conv rows="), std::string("conv rows=1x"), std::string("conv =1"),
        std::string("conv rows=99999999999999999999"), std::string("conv rows=1 rows=2"),
        std::string("conv  rows=1"), std::string("conv\nrows=1"), std::string(1, '\0'), many}) {
    EXPECT_EQ(lower::parse_choice(text).has_value(), text == "conv ") << text;
  }
}

TEST(Choice, EveryAlternativeIsRight) {
  for (DenseCase c : choice_cases()) {
    for (bool constant : {true, false}) {
      c.constant_weights = constant;
      for (int bits : {256, 512}) {
        for (const DenseOutcome& outcome :
             run_alternatives(c, machine_of(bits), interpret_tile())) {
          EXPECT_EQ(outcome.failure, "") << bits << " bits";
        }
      }
    }
  }
}

TEST(Choice, AlternativesAreThereForContractions) {
  isa::Target host = isa::host_target().value();
  for (const DenseCase& c : choice_cases()) {
    auto outcomes = run_alternatives(c, host.machine, engraved_tile(host));
    for (const DenseOutcome& outcome : outcomes) EXPECT_EQ(outcome.failure, "");
    bool contraction = c.name == "3x3" || c.name == "matmul";
    EXPECT_GE(outcomes.size(), contraction ? 6u : 0u) << c.name;
  }
}

// What does not fit the job changes nothing.
TEST(Choice, ForeignChoicesAreIgnored) {
  for (const DenseCase& c : choice_cases()) {
    with_job(c, machine_of(512), [&](const DenseJob& job) {
      DenseKernels own = lower::make_dense(job);
      for (const char* name :
           {"conv", "gemm", "depthwise", "pool", "dot", "winograd", "nonsense"}) {
        for (const char* parameters :
             {" rows=0 vectors=1 outer_block=1 m_block=1 panel_block=1 prefetch=0",
              " rows=1 vectors=-1 outer_block=1 m_block=1 panel_block=1 prefetch=0",
              " rows=31 vectors=8 outer_block=1 m_block=1 panel_block=1 prefetch=0",
              " rows=1 vectors=1 outer_block=1 m_block=1 panel_block=1 prefetch=3",
              " rows=1 vectors=1 outer_block=1 m_block=4611686018427387904 panel_block=1 "
              "prefetch=0",
              " rows=1 vectors=1 outer_block=1 m_block=1 panel_block=1", " rows=1", " mows=1",
              " m=6 block=1000000 rows=1 vectors=1 panel_block=1",
              " m=3 block=1 rows=1 vectors=1 panel_block=1",
              " m=8 block=1 rows=1 vectors=1 panel_block=1"}) {
          Choice choice = lower::parse_choice(std::string(name) + parameters).value();
          EXPECT_TRUE(same_kernels(own, lower::make_dense(job, &choice)))
              << c.name << ": " << choice.text();
        }
      }
    });
  }
}

TEST(Signature, TellsCasesAndMachinesApart) {
  std::map<std::string, std::string> seen;
  auto expect_new = [&](const DenseCase& c, const loop::Machine& machine, const std::string& what) {
    with_job(c, machine, [&](const DenseJob& job) {
      auto [it, fresh] = seen.emplace(signature_of(job), c.name + " " + what);
      EXPECT_TRUE(fresh) << c.name << " " << what << " as " << it->second;
    });
  };
  for (DenseCase c : choice_cases()) {
    expect_new(c, machine_of(512), "");
    expect_new(c, machine_of(256), "256 bits");
    loop::Machine small = machine_of(512);
    small.l2_bytes /= 2;
    expect_new(c, small, "half the cache");
    c.reversed_output = true;
    expect_new(c, machine_of(512), "reversed");
    c.epilogue = false;
    expect_new(c, machine_of(512), "reversed, plain");
    if (c.op == graph::Op::reduce_window) continue;
    c.constant_weights = false;
    expect_new(c, machine_of(512), "weights at run time");
  }
}

// Every field of a job that kernels may read changes its signature.
TEST(Signature, CountsEveryField) {
  with_job(choice_cases()[0], machine_of(512), [](const DenseJob& job) {
    std::string own = signature_of(job);
    EXPECT_EQ(own, signature_of(job));
    using Change = std::function<void(DenseJob&)>;
    const Change changes[] = {
        [](DenseJob& j) { j.operands[0].view.offset += 1; },
        [](DenseJob& j) { j.operands[0].view.strides[1] += 1; },
        [](DenseJob& j) { j.operands[0].view.pointer += 1; },
        [](DenseJob& j) { j.operands[0].view.dtype = DType::f16; },
        [](DenseJob& j) { j.operands[1].weights->strides[0] += 1; },
        [](DenseJob& j) { j.operands[1].weights.reset(); },
        [](DenseJob& j) { j.outputs[0].offset += 1; },
        [](DenseJob& j) { j.outputs[0].dtype = DType::bf16; },
        [](DenseJob& j) { j.pointers += 1; },
        [](DenseJob& j) { j.exact = !j.exact; },
        [](DenseJob& j) { j.epilogue.views[0].strides[0] += 1; },
        [](DenseJob& j) { j.epilogue.results.push_back(0); },
        [](DenseJob& j) { j.epilogue.nodes.back().op = graph::Op::mul; },
        [](DenseJob& j) { j.epilogue.nodes.back().operands[0] = 0; },
        [](DenseJob& j) { j.epilogue.nodes.back().dtype = DType::f64; },
        [](DenseJob& j) {
          for (auto& node : j.epilogue.nodes) node.literal = -0.0;
        },
    };
    for (const Change& change : changes) {
      DenseJob other = job;
      change(other);
      EXPECT_NE(signature_of(other), own) << &change - changes;
    }
    loop::Machine machine = *job.machine;
    DenseJob other = job;
    other.machine = &machine;
    EXPECT_EQ(signature_of(other), own);
    machine.lane_masks = !machine.lane_masks;
    EXPECT_NE(signature_of(other), own);
  });
}

}  // namespace
}  // namespace burin::test
