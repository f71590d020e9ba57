// A loaded network and the programs engraved from it. Loading parses; a program is made for one
// specialisation (input shapes, and values where shapes depend on them) and cached.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "driver/compile.h"
#include "onnx/import.h"
#include "onnx/model.h"
#include "runtime/program.h"

namespace burin::driver {

// What is known of one input when compiling. An invalid `value` means that only the type is known.
struct InputSpec {
  std::string name;
  TensorType type;
  Tensor value;
};

// A program with what it was made from.
struct Engraved {
  std::shared_ptr<const runtime::Program> program;
  graph::Graph graph;                     // as imported, before the passes
  std::vector<std::string> value_inputs;  // the inputs whose values it depends on
  std::vector<StageTime> times;           // import, passes, lower, engrave ...
};

class Model {
 public:
  static Result<std::unique_ptr<Model>> load(const std::string& path, int64_t max_memory = 0);
  // A model file's bytes; `name` stands for the path in errors. External data is refused.
  static Result<std::unique_ptr<Model>> from_memory(const std::string& name,
                                                    std::shared_ptr<const std::string> bytes,
                                                    int64_t max_memory = 0);

  const onnx::Model& proto() const { return proto_; }
  const std::string& path() const { return path_; }

  // Makes a value one of the outputs, behind the others; `name` as of onnx/find_value.h.
  Result<void> add_output(const std::string& name);

  // The graph for the inputs at hand; inputs not named keep the model's shape with 1 for open
  // dimensions.
  Result<onnx::Imported> import(std::span<const InputSpec> inputs) const;
  // The program for them; the same specialisation and target give the same program again.
  Result<std::shared_ptr<const Engraved>> engrave(std::span<const InputSpec> inputs,
                                                  const CompileOptions& options);

 private:
  struct CacheEntry {
    std::string target;
    bool exact = false;
    std::vector<InputSpec> inputs;
    std::shared_ptr<const Engraved> engraved;
  };
  Result<void> check_input(const InputSpec& input) const;
  std::shared_ptr<const Engraved> find(std::span<const InputSpec> inputs,
                                       const CompileOptions& options) const;

  std::string path_;
  onnx::Model proto_;
  int64_t max_memory_ = 0;
  std::mutex mutex_;
  std::vector<CacheEntry> cache_;
};

}  // namespace burin::driver
