// What a network is fed: files named on the command line, or seeded random values.
#pragma once

#include <string>
#include <vector>

#include "cli/common.h"

namespace burin::cli {

struct InputOptions {
  std::vector<std::string> files;   // FILE in the model's order, or NAME=FILE
  std::vector<std::string> shapes;  // NAME=1x3x224x224, for open dimensions
  std::string normalise;            // of images; empty: as the network says, else unit

  void add_files(CLI::App& verb);
  void add_shapes(CLI::App& verb);
};

// One spec with a value for each required input of the model. Files may be .npy, .pb (TensorProto),
// .jpg, .png or .webp (made into what the model expects, as in its training), or IDX images (.idx,
// .gz). Inputs without a file get random values by `seed`: normal for floats, 0 or 1 for integers.
Result<std::vector<driver::InputSpec>> prepare_inputs(const onnx::Model& model,
                                                      const InputOptions& options, uint64_t seed);

// A tensor file by its extension (.npy or .pb).
Result<Tensor> read_tensor(const std::string& path);

// Seeded values for a type: standard normal floats, integers and bools 0 or 1.
Tensor random_tensor(const TensorType& type, uint64_t seed);

}  // namespace burin::cli
