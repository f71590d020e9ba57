// The list of networks.
#include "zoo/zoo.h"

namespace burin::zoo {

std::span<const ZooEntry> entries() {
  static constexpr ZooEntry kEntries[] = {
      {"mlp", "three dense layers, 784 to 10", build_mlp},
      {"perceptron", "one hidden layer, 784 to 10", build_perceptron},
      {"lenet", "two convolutions and two dense layers, 1x28x28 to 10", build_lenet},
      {"catdog", "three convolutions and two dense layers, 3x128x128 to 1", build_catdog},
      {"resnet18", "residual network of basic blocks, 3x224x224 to 1000", build_resnet18},
      {"resnet50", "residual network of bottlenecks, 3x224x224 to 1000", build_resnet50},
      {"vgg16", "13 convolutions and 3 dense layers, 3x224x224 to 1000", build_vgg16},
      {"mobilenet_v2", "inverted residuals with depthwise convolutions", build_mobilenet_v2},
      {"mobilenet_v3_large", "inverted residuals, channels weighed", build_mobilenet_v3_large},
      {"squeezenet1_1", "fire modules, 3x224x224 to 1000", build_squeezenet1_1},
      {"shufflenet_v2_x1_0", "half the channels through each block", build_shufflenet_v2_x1_0},
      {"efficientnet_b0", "inverted residuals, channels weighed", build_efficientnet_b0},
      {"densenet121", "every layer reads all before it in its block", build_densenet121},
      {"googlenet", "parallel branches, 3x224x224 to 1000", build_googlenet},
      {"inception_v3", "parallel branches, 3x299x299 to 1000", build_inception_v3},
      {"convnext_tiny", "depthwise 7x7 and linear layers", build_convnext_tiny},
      {"vit_tiny", "vision transformer, 3x224x224 to 1000", build_vit_tiny},
      {"vit_b_16", "vision transformer, 3x224x224 to 1000", build_vit_b_16},
      {"bert_tiny", "text encoder, 128 tokens to 128x128", build_bert_tiny},
      {"bert_base", "text encoder, 128 tokens to 128x768", build_bert_base},
      {"encoder", "transformer encoder of two layers, 128x256 to 10", build_encoder},
      {"gpt2_prefill", "text decoder, 128 tokens at once", build_gpt2_prefill},
      {"gpt2_decode", "text decoder, one token behind 128", build_gpt2_decode},
  };
  return kEntries;
}

const ZooEntry* find(std::string_view name) {
  for (const ZooEntry& entry : entries()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace burin::zoo
