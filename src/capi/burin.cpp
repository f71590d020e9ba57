// The C API over driver::Model and runtime::Session. No exception crosses it.
#include "burin.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "driver/model.h"
#include "driver/tune_cache.h"
#include "runtime/cpu_count.h"
#include "runtime/session.h"

using burin::Result;

struct burin_model {
  std::unique_ptr<burin::driver::Model> model;
  std::vector<const burin::onnx::ValueInfo*> inputs;
};

struct burin_program {
  std::shared_ptr<const burin::driver::Engraved> engraved;
  std::unique_ptr<burin::runtime::Session> session;
};

namespace {

thread_local std::string last_error;

burin_status set_error(burin_status status, std::string text) {
  last_error = std::move(text);
  return status;
}

burin_status invalid(const char* what) { return set_error(BURIN_INVALID_ARGUMENT, what); }

// Runs f, which returns Result<T>; turns its error, or an exception, into a status.
template <class F>
burin_status guarded(F&& f) {
  try {
    auto result = f();
    if (!result) return set_error(BURIN_ERROR, result.error().text());
    return BURIN_OK;
  } catch (const std::bad_alloc&) {
    return set_error(BURIN_ERROR, "out of memory (try a smaller batch)");
  } catch (const std::exception& e) {
    return set_error(BURIN_ERROR, e.what());
  }
}

void fill_port(const std::string& name, const burin::TensorType& type, burin_port* port) {
  port->name = name.c_str();
  port->dtype = static_cast<burin_dtype>(type.dtype);
  port->rank = static_cast<int32_t>(type.shape.rank());
  std::copy(type.shape.dims().begin(), type.shape.dims().end(), port->dims);
}

burin_status fill_port(const burin::onnx::ValueInfo& info, burin_port* port) {
  if (!info.dtype) return set_error(BURIN_ERROR, info.name + ": " + info.problem);
  port->name = info.name.c_str();
  port->dtype = static_cast<burin_dtype>(*info.dtype);
  port->rank = -1;
  if (!info.dims || info.dims->size() > BURIN_MAX_RANK) return BURIN_OK;
  port->rank = static_cast<int32_t>(info.dims->size());
  for (size_t i = 0; i < info.dims->size(); ++i) port->dims[i] = (*info.dims)[i].size.value_or(-1);
  return BURIN_OK;
}

// Port `index` of a program's list.
burin_status program_port(const std::vector<burin::runtime::PortSpec>& ports, size_t index,
                          burin_port* port) {
  if (!port) return invalid("null pointer");
  if (index >= ports.size()) return invalid("index out of range");
  fill_port(ports[index].name, ports[index].type, port);
  return BURIN_OK;
}

Result<burin::driver::InputSpec> to_spec(const burin_input& input) {
  using burin::fail;
  if (!input.name) return fail("input", "has no name");
  if (burin_dtype_size(input.dtype) == 0) return fail(input.name, "unknown dtype");
  if (input.rank < 0 || input.rank > BURIN_MAX_RANK) return fail(input.name, "rank out of range");
  auto shape = burin::check_shape({input.dims, static_cast<size_t>(input.rank)});
  if (!shape) return fail(input.name, shape.error().reason);
  burin::driver::InputSpec spec{input.name, {static_cast<burin::DType>(input.dtype), *shape}, {}};
  if (input.data) {
    auto bytes = static_cast<size_t>(spec.type.bytes());
    spec.value = burin::Tensor(spec.type, {static_cast<const std::byte*>(input.data), bytes}, {});
  }
  return spec;
}

Result<bool> compile_into(burin_model* model, std::span<const burin_input> inputs,
                          const burin_options& options, burin_program* program) {
  std::vector<burin::driver::InputSpec> specs;
  for (const burin_input& input : inputs) {
    BURIN_ASSIGN(auto spec, to_spec(input));
    specs.push_back(std::move(spec));
  }
  burin::driver::CompileOptions compile;
  const char* target = options.target ? options.target : "native";
  BURIN_ASSIGN(compile.target, burin::isa::target_from_name(target));
  if (!can_run(compile.target)) {
    return burin::fail("target", "this processor cannot run " + compile.target.name);
  }
  compile.max_memory = options.max_memory;
  compile.exact = options.exact != 0;
  // A cache that cannot be read is as good as none.
  compile.choices = burin::driver::load_choices(compile.target).value_or(nullptr);
  BURIN_ASSIGN(program->engraved, model->model->engrave(specs, compile));
  int threads = options.threads > 0 ? options.threads : burin::runtime::usable_cpus();
  BURIN_ASSIGN(program->session,
               burin::runtime::Session::create(program->engraved->program, threads));
  return true;
}

}  // namespace

extern "C" {

const char* burin_last_error(void) { return last_error.c_str(); }
const char* burin_version(void) { return "0.1.0"; }

size_t burin_dtype_size(burin_dtype dtype) {
  if (dtype < BURIN_F32 || dtype > BURIN_BOOL) return 0;
  return static_cast<size_t>(burin::size_of(static_cast<burin::DType>(dtype)));
}

burin_status burin_load(const char* path, const burin_options* options, burin_model** model) {
  if (!path || !model) return invalid("burin_load: null pointer");
  *model = nullptr;
  return guarded([&]() -> Result<bool> {
    auto handle = std::make_unique<burin_model>();
    int64_t max_memory = options ? options->max_memory : 0;
    BURIN_ASSIGN(handle->model, burin::driver::Model::load(path, max_memory));
    handle->inputs = handle->model->proto().required_inputs();
    *model = handle.release();
    return true;
  });
}

void burin_model_free(burin_model* model) { delete model; }
size_t burin_model_input_count(const burin_model* model) {
  return model ? model->inputs.size() : 0;
}
size_t burin_model_output_count(const burin_model* model) {
  return model ? model->model->proto().graph.outputs.size() : 0;
}

burin_status burin_model_input(const burin_model* model, size_t index, burin_port* port) {
  if (!model || !port) return invalid("burin_model_input: null pointer");
  if (index >= model->inputs.size()) return invalid("burin_model_input: index out of range");
  return fill_port(*model->inputs[index], port);
}

burin_status burin_model_output(const burin_model* model, size_t index, burin_port* port) {
  if (!model || !port) return invalid("burin_model_output: null pointer");
  const auto& outputs = model->model->proto().graph.outputs;
  if (index >= outputs.size()) return invalid("burin_model_output: index out of range");
  return fill_port(outputs[index], port);
}

burin_status burin_compile(burin_model* model, const burin_input* inputs, size_t input_count,
                           const burin_options* options, burin_program** program) {
  if (!model || !program || (input_count && !inputs)) return invalid("burin_compile: null pointer");
  *program = nullptr;
  burin_options defaults = {};
  return guarded([&]() -> Result<bool> {
    auto handle = std::make_unique<burin_program>();
    const burin_options& chosen = options ? *options : defaults;
    BURIN_TRY(compile_into(model, {inputs, input_count}, chosen, handle.get()));
    *program = handle.release();
    return true;
  });
}

void burin_program_free(burin_program* program) { delete program; }
size_t burin_program_input_count(const burin_program* program) {
  return program ? program->session->program().inputs.size() : 0;
}
size_t burin_program_output_count(const burin_program* program) {
  return program ? program->session->program().outputs.size() : 0;
}

burin_status burin_program_input(const burin_program* program, size_t index, burin_port* port) {
  if (!program) return invalid("burin_program_input: null pointer");
  return program_port(program->session->program().inputs, index, port);
}

burin_status burin_program_output(const burin_program* program, size_t index, burin_port* port) {
  if (!program) return invalid("burin_program_output: null pointer");
  return program_port(program->session->program().outputs, index, port);
}

int64_t burin_program_arena_bytes(const burin_program* program) {
  return program ? program->session->program().arena_bytes : 0;
}
int64_t burin_program_weight_bytes(const burin_program* program) {
  return program ? program->session->program().constant_bytes : 0;
}
int64_t burin_program_code_bytes(const burin_program* program) {
  return program ? static_cast<int64_t>(program->session->program().code.size()) : 0;
}

burin_status burin_run(burin_program* program, const void* const* inputs, void* const* outputs) {
  if (!program) return invalid("burin_run: null pointer");
  const auto& p = program->session->program();
  if ((!inputs && !p.inputs.empty()) || (!outputs && !p.outputs.empty())) {
    return invalid("burin_run: null pointer");
  }
  for (size_t i = 0; i < p.inputs.size(); ++i) {
    if (!inputs[i]) return invalid("burin_run: an input is null");
  }
  for (size_t i = 0; i < p.outputs.size(); ++i) {
    if (!outputs[i]) return invalid("burin_run: an output is null");
  }
  program->session->run({inputs, p.inputs.size()}, {outputs, p.outputs.size()});
  return BURIN_OK;
}

}  // extern "C"
