// The list of networks.
#include "zoo/zoo.h"

namespace burin::zoo {

std::span<const ZooEntry> entries() {
  static constexpr ZooEntry kEntries[] = {
      {"mlp", "three dense layers, 784 to 10", build_mlp},
      {"lenet", "two convolutions and two dense layers, 1x28x28 to 10", build_lenet},
      {"catdog", "three convolutions and two dense layers, 3x128x128 to 1", build_catdog},
      {"resnet18", "residual network of basic blocks, 3x224x224 to 1000", build_resnet18},
      {"resnet50", "residual network of bottlenecks, 3x224x224 to 1000", build_resnet50},
      {"vgg16", "13 convolutions and 3 dense layers, 3x224x224 to 1000", build_vgg16},
      {"mobilenet_v2", "inverted residuals with depthwise convolutions", build_mobilenet_v2},
      {"squeezenet1_1", "fire modules, 3x224x224 to 1000", build_squeezenet1_1},
      {"vit_tiny", "vision transformer, 3x224x224 to 1000", build_vit_tiny},
      {"bert_tiny", "text encoder, 128 tokens to 128x128", build_bert_tiny},
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
