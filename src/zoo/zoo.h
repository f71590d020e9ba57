// The built-in networks. Weights are random by seed: shapes and speed are real, answers are not.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "zoo/net.h"

namespace burin::zoo {

struct ZooEntry {
  std::string_view name;
  std::string_view description;
  void (*build)(Net& net);
};

std::span<const ZooEntry> entries();
const ZooEntry* find(std::string_view name);

// The families, one file each.
void build_mlp(Net& net);            // 784-256-128-10
void build_lenet(Net& net);          // 1x28x28 -> 10, LeCun et al. 1998 with ReLU and max pooling
void build_catdog(Net& net);         // 3x128x128 -> 1, conv 32, 64, 128
void build_vgg16(Net& net);          // Simonyan and Zisserman 2014, configuration D
void build_resnet18(Net& net);       // He et al. 2015
void build_resnet50(Net& net);       // with the stride on the 3x3, as torchvision
void build_mobilenet_v2(Net& net);   // Sandler et al. 2018
void build_squeezenet1_1(Net& net);  // Iandola et al. 2016
void build_vit_tiny(Net& net);       // Dosovitskiy et al. 2020: 12 layers, 192 wide, patch 16
void build_bert_tiny(Net& net);      // Turc et al. 2019: 2 layers, 128 wide, sequence 128

}  // namespace burin::zoo
