// Loading, specialising and caching.
#include "driver/model.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "onnx/find_value.h"

namespace burin::driver {

namespace {

bool same_bytes(const Tensor& a, const Tensor& b) {
  if (!a.valid() || !b.valid()) return !a.valid() && !b.valid();
  return a.type() == b.type() &&
         std::memcmp(a.data(), b.data(), static_cast<size_t>(a.type().bytes())) == 0;
}

const InputSpec* find_input(std::span<const InputSpec> inputs, const std::string& name) {
  for (const InputSpec& input : inputs) {
    if (input.name == name) return &input;
  }
  return nullptr;
}

// Same types; and same values for the inputs in `by_value`.
bool same_inputs(std::span<const InputSpec> a, std::span<const InputSpec> b,
                 std::span<const std::string> by_value) {
  if (a.size() != b.size()) return false;
  for (const InputSpec& input : a) {
    const InputSpec* other = find_input(b, input.name);
    if (!other || !(other->type == input.type)) return false;
    bool matters = std::find(by_value.begin(), by_value.end(), input.name) != by_value.end();
    if (matters && !same_bytes(input.value, other->value)) return false;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<Model>> Model::load(const std::string& path, int64_t max_memory) {
  BURIN_ASSIGN(onnx::Model proto, onnx::read_model(path, {max_memory}));
  auto model = std::make_unique<Model>();
  model->path_ = path;
  model->proto_ = std::move(proto);
  model->max_memory_ = max_memory;
  return model;
}

Result<std::unique_ptr<Model>> Model::from_memory(const std::string& name,
                                                  std::shared_ptr<const std::string> bytes,
                                                  int64_t max_memory) {
  auto view = std::as_bytes(std::span(*bytes));
  auto proto = onnx::parse_model(view, std::move(bytes), {max_memory});
  if (!proto) return fail(name, proto.error().text());
  auto model = std::make_unique<Model>();
  model->path_ = name;
  model->proto_ = *std::move(proto);
  model->max_memory_ = max_memory;
  return model;
}

Result<void> Model::add_output(const std::string& name) {
  std::lock_guard lock(mutex_);
  BURIN_ASSIGN(onnx::ValueInfo value, onnx::find_value(proto_, name));
  proto_.graph.outputs.push_back(std::move(value));
  cache_.clear();
  return {};
}

Result<void> Model::check_input(const InputSpec& input) const {
  for (const onnx::ValueInfo& info : proto_.graph.inputs) {
    if (info.name != input.name) continue;
    if (info.dtype && *info.dtype != input.type.dtype) {
      return fail(input.name, "is " + input.type.text() + ", the model takes " + info.text());
    }
    return {};
  }
  return fail(input.name, "the model has no input of this name");
}

Result<onnx::Imported> Model::import(std::span<const InputSpec> inputs) const {
  onnx::ImportOptions options;
  options.max_memory = max_memory_;
  for (const InputSpec& input : inputs) {
    BURIN_TRY(check_input(input));
    options.input_shapes[input.name] = input.type.shape.dims();
    if (input.value.valid()) options.input_values[input.name] = input.value;
  }
  return onnx::import_model(proto_, options);
}

std::shared_ptr<const Engraved> Model::find(std::span<const InputSpec> inputs,
                                            const CompileOptions& options) const {
  for (const CacheEntry& entry : cache_) {
    if (entry.target == options.target.name && entry.exact == options.exact &&
        same_inputs(inputs, entry.inputs, entry.engraved->value_inputs)) {
      return entry.engraved;
    }
  }
  return nullptr;
}

Result<std::shared_ptr<const Engraved>> Model::engrave(std::span<const InputSpec> inputs,
                                                       const CompileOptions& options) {
  std::lock_guard lock(mutex_);
  if (auto cached = find(inputs, options)) return cached;

  auto start = std::chrono::steady_clock::now();
  BURIN_ASSIGN(onnx::Imported imported, import(inputs));
  auto engraved = std::make_shared<Engraved>();
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  engraved->times.push_back({"import", seconds});
  CompileOptions with_release = options;
  with_release.release_model = [&] {
    for (const auto& file : proto_.files) file->leave_memory();
  };
  BURIN_ASSIGN(Compiled compiled, compile(imported.graph, with_release));
  engraved->times.insert(engraved->times.end(), compiled.times.begin(), compiled.times.end());
  engraved->program = std::make_shared<runtime::Program>(std::move(compiled.program));
  engraved->graph = std::move(imported.graph);
  engraved->value_inputs = std::move(imported.value_inputs);

  CacheEntry entry{options.target.name, options.exact, {}, engraved};
  for (const InputSpec& input : inputs) {
    InputSpec kept{input.name, input.type, {}};
    bool by_value = std::find(engraved->value_inputs.begin(), engraved->value_inputs.end(),
                              input.name) != engraved->value_inputs.end();
    if (by_value && input.value.valid()) {  // the caller's memory may change
      kept.value = Tensor(input.type);
      std::memcpy(kept.value.mutable_data(), input.value.data(),
                  static_cast<size_t>(input.type.bytes()));
    }
    entry.inputs.push_back(std::move(kept));
  }
  cache_.push_back(std::move(entry));
  return cache_.back().engraved;
}

}  // namespace burin::driver
