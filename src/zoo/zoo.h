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
void build_perceptron(Net& net);     // 784-256-10
void build_lenet(Net& net);          // 1x28x28 -> 10, LeCun et al. 1998 with ReLU and max pooling
void build_catdog(Net& net);         // 3x128x128 -> 1, conv 32, 64, 128
void build_vgg16(Net& net);          // Simonyan and Zisserman 2014, configuration D
void build_resnet18(Net& net);       // He et al. 2015
void build_resnet50(Net& net);       // with the stride on the 3x3, as torchvision
void build_mobilenet_v2(Net& net);   // Sandler et al. 2018
void build_squeezenet1_1(Net& net);  // Iandola et al. 2016
void build_mobilenet_v3_large(Net& net);  // Howard et al. 2019
void build_efficientnet_b0(Net& net);     // Tan and Le 2019
void build_shufflenet_v2_x1_0(Net& net);  // Ma et al. 2018
void build_densenet121(Net& net);         // Huang et al. 2016
void build_googlenet(Net& net);           // Szegedy et al. 2014, with batch normalisation
void build_inception_v3(Net& net);        // Szegedy et al. 2015
void build_convnext_tiny(Net& net);       // Liu et al. 2022
void build_vit_tiny(Net& net);            // Dosovitskiy et al. 2020: 12 layers, 192 wide, patch 16
void build_vit_b_16(Net& net);            // 12 layers, 768 wide
void build_bert_tiny(Net& net);           // Turc et al. 2019: 2 layers, 128 wide, sequence 128
void build_bert_base(Net& net);           // Devlin et al. 2018: 12 layers, 768 wide, sequence 128
void build_encoder(Net& net);             // Vaswani et al. 2017: 2 layers, 256 wide, sequence 128
void build_gpt2_prefill(Net& net);        // Radford et al. 2019: 128 tokens, gives the cache
void build_gpt2_decode(Net& net);         // one token behind a cache of 128

}  // namespace burin::zoo
