// The built-in networks are what they say: as many parameters as published, and answers that depend
// on the input.
#include "zoo/zoo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "driver/model.h"
#include "runtime/session.h"
#include "zoo/save.h"

namespace burin::zoo {

namespace {

struct Published {
  const char* name;
  int64_t parameters;  // torchvision's and Hugging Face's, without auxiliary classifiers
};

class ZooNetworks : public testing::TestWithParam<Published> {};

bool is_role(const std::string& name, std::string_view role) {
  return name.starts_with(std::string(role) + "_");
}

// Those that training would change: a folded bias stands for a norm's scale and shift.
int64_t trained_parameters(const Net& net) {
  int64_t count = 0;
  for (const NetInitializer& w : net.initializers) {
    bool statistic = is_role(w.name, "mean") || is_role(w.name, "variance");
    if (w.value.dtype() != DType::f32 || w.value.shape().rank() == 0 || statistic) continue;
    count += w.value.elements() * (is_role(w.name, "folded") ? 2 : 1);
  }
  return count;
}

// Noise around `level`: of noise alone, a network that averages over space sees little.
Tensor noise(const TensorType& type, double level, Rng& rng) {
  Tensor value(type);
  for (int64_t i = 0; i < value.elements(); ++i) {
    if (is_float(type.dtype))
      value.set_double(i, level + rng.normal());
    else
      value.set_int(i, rng.below(2));
  }
  return value;
}

std::vector<double> first_output(const driver::Engraved& engraved, uint64_t seed, double level) {
  Rng rng(seed);
  auto session = runtime::Session::create(engraved.program, 2);
  EXPECT_TRUE(session);
  std::vector<Tensor> inputs, outputs;
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const auto& port : engraved.program->inputs) inputs.push_back(noise(port.type, level, rng));
  for (const auto& port : engraved.program->outputs) outputs.emplace_back(port.type);
  for (const Tensor& t : inputs) in.push_back(t.data());
  for (Tensor& t : outputs) out.push_back(t.mutable_data());
  (*session)->run(in, out);
  return outputs[0].to_doubles();
}

double norm(const std::vector<double>& x) {
  double sum = 0;
  for (double value : x) sum += value * value;
  return std::sqrt(sum / static_cast<double>(x.size()));
}

}  // namespace

TEST_P(ZooNetworks, HaveThePublishedParameters) {
  Net net(GetParam().name, 1);
  find(GetParam().name)->build(net);
  EXPECT_EQ(trained_parameters(net), GetParam().parameters);
}

TEST_P(ZooNetworks, AnswerByTheirInput) {
  auto target = isa::target_from_name("native");
  ASSERT_TRUE(target);
  auto model = driver::Model::from_memory(GetParam().name, *to_bytes(*find(GetParam().name), 1));
  ASSERT_TRUE(model) << model.error().text();
  driver::CompileOptions options;
  options.target = *target;
  auto engraved = (*model)->engrave({}, options);
  ASSERT_TRUE(engraved) << engraved.error().text();
  std::vector<double> a = first_output(**engraved, 1, 1), b = first_output(**engraved, 2, -1);
  EXPECT_TRUE(std::all_of(a.begin(), a.end(), [](double x) { return std::abs(x) < 1000; }));
  std::vector<double> difference(a.size());
  for (size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  EXPECT_GT(norm(difference), 0.05 * norm(a));
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, ZooNetworks,
    testing::Values(Published{"resnet18", 11689512}, Published{"resnet50", 25557032},
                    Published{"vgg16", 138357544}, Published{"mobilenet_v2", 3504872},
                    Published{"mobilenet_v3_large", 5483032}, Published{"squeezenet1_1", 1235496},
                    Published{"shufflenet_v2_x1_0", 2278604}, Published{"efficientnet_b0", 5288548},
                    Published{"densenet121", 7978856}, Published{"googlenet", 6624904},
                    Published{"inception_v3", 23834568}, Published{"convnext_tiny", 28589128},
                    Published{"vit_tiny", 5717416}, Published{"vit_b_16", 86567656},
                    Published{"bert_tiny", 4385920}, Published{"bert_base", 109482240},
                    Published{"perceptron", 203530}, Published{"encoder", 1582090},
                    Published{"gpt2_prefill", 124439808}, Published{"gpt2_decode", 124439808}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace burin::zoo
