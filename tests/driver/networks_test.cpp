// Whole networks: machine code for each target on one and two threads, against the oracle, and the
// same bits for any number of threads.
#include <gtest/gtest.h>

#include <cstring>

#include "base/rng.h"
#include "driver/compare.h"
#include "driver/model.h"
#include "driver/trace.h"
#include "graph/eval.h"
#include "runtime/session.h"
#include "zoo/save.h"
#include "zoo/zoo.h"

namespace burin::driver {

namespace {

struct NetworkCase {
  const char* network;
  const char* target;
};

std::string case_name(const testing::TestParamInfo<NetworkCase>& info) {
  return std::string(info.param.network) + "_" + info.param.target;
}

std::vector<InputSpec> random_inputs(const onnx::Model& model) {
  std::vector<InputSpec> specs;
  Rng rng(5);
  for (const onnx::ValueInfo* info : model.required_inputs()) {
    Dims dims;
    for (const onnx::Dim& d : *info->dims) dims.push_back(d.size.value_or(2));
    Tensor value({*info->dtype, Shape(dims)});
    for (int64_t i = 0; i < value.elements(); ++i) {
      if (is_float(value.dtype()))
        value.set_double(i, rng.normal());
      else
        value.set_int(i, rng.below(2));
    }
    specs.push_back({info->name, value.type(), value});
  }
  return specs;
}

std::vector<Tensor> run_program(const runtime::Program& program, std::span<const InputSpec> specs,
                                int threads) {
  auto session = runtime::Session::create(std::make_shared<runtime::Program>(program), threads);
  EXPECT_TRUE(session);
  std::vector<const void*> in;
  std::vector<Tensor> outputs;
  std::vector<void*> out;
  for (const InputSpec& spec : specs) in.push_back(spec.value.data());
  for (const auto& port : program.outputs) outputs.emplace_back(port.type);
  for (Tensor& t : outputs) out.push_back(t.mutable_data());
  (*session)->run(in, out);
  return outputs;
}

}  // namespace

class Networks : public testing::TestWithParam<NetworkCase> {};

TEST_P(Networks, AgreeWithTheOracleOnAnyNumberOfThreads) {
  auto target = isa::target_from_name(GetParam().target);
  ASSERT_TRUE(target);
  if (!isa::can_run(*target)) GTEST_SKIP() << "this processor cannot run " << GetParam().target;
  auto bytes = zoo::to_bytes(*zoo::find(GetParam().network), 7);
  ASSERT_TRUE(bytes);
  auto model = Model::from_memory(GetParam().network, *bytes);
  ASSERT_TRUE(model) << model.error().text();
  auto specs = random_inputs((*model)->proto());

  CompileOptions options;
  options.target = *target;
  options.keep = options.verify = true;
  auto imported = (*model)->import(specs);
  ASSERT_TRUE(imported) << imported.error().text();
  auto compiled = compile(imported->graph, options);
  ASSERT_TRUE(compiled) << compiled.error().text();

  std::vector<Tensor> values;
  for (const InputSpec& spec : specs) values.push_back(spec.value);
  auto traced = trace(*compiled, values, 1);
  ASSERT_TRUE(traced) << traced.error().text();
  EXPECT_FALSE(traced->empty());
  for (const TracedValue& v : *traced) {
    EXPECT_LE(v.difference.relative(), 2e-5) << v.layer << " " << v.op << " " << v.algorithm;
  }
  auto one = run_program(compiled->program, specs, 1),
       two = run_program(compiled->program, specs, 2);
  for (size_t i = 0; i < one.size(); ++i) {
    auto size = static_cast<size_t>(one[i].type().bytes());
    EXPECT_EQ(std::memcmp(one[i].data(), two[i].data(), size), 0) << "output " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, Networks,
    testing::Values(NetworkCase{"mlp", "avx512"}, NetworkCase{"mlp", "avx2"},
                    NetworkCase{"lenet", "avx512"}, NetworkCase{"lenet", "avx2"},
                    NetworkCase{"catdog", "avx512"}, NetworkCase{"catdog", "avx2"},
                    NetworkCase{"mobilenet_v2", "avx512"}, NetworkCase{"mobilenet_v2", "avx2"},
                    NetworkCase{"squeezenet1_1", "avx2"}, NetworkCase{"bert_tiny", "avx512"},
                    NetworkCase{"bert_tiny", "avx2"}, NetworkCase{"mobilenet_v3_large", "avx512"},
                    NetworkCase{"shufflenet_v2_x1_0", "avx2"},
                    NetworkCase{"efficientnet_b0", "avx2"}, NetworkCase{"densenet121", "avx512"},
                    NetworkCase{"googlenet", "avx2"}),
    case_name);

TEST(Model, CachesProgramsBySpecialisation) {
  auto model = Model::from_memory("mlp", *zoo::to_bytes(*zoo::find("mlp"), 1));
  ASSERT_TRUE(model);
  CompileOptions options;
  options.target = *isa::target_from_name("avx2");
  std::vector<InputSpec> one = {{"input", {DType::f32, Shape({1, 784})}, {}}};
  std::vector<InputSpec> three = {{"input", {DType::f32, Shape({3, 784})}, {}}};
  auto a = (*model)->engrave(one, options), b = (*model)->engrave(three, options);
  ASSERT_TRUE(a && b);
  EXPECT_NE(*a, *b);
  EXPECT_EQ(*a, *(*model)->engrave(one, options));
  EXPECT_EQ((*b)->program->outputs[0].type.shape, Shape({3, 10}));
}

TEST(Model, RefusesMoreMemoryThanAllowed) {
  auto model = Model::from_memory("mlp", *zoo::to_bytes(*zoo::find("mlp"), 1));
  ASSERT_TRUE(model);
  CompileOptions options;
  options.target = *isa::target_from_name("avx2");
  options.max_memory = 1000;
  auto refused = (*model)->engrave({}, options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("limit"), std::string::npos);
}

}  // namespace burin::driver
