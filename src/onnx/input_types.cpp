// Binds symbols from given shapes first, then fills in what remains.
#include "onnx/input_types.h"

#include <algorithm>

#include "onnx/wire.h"

namespace burin::onnx {

namespace {

using Symbols = std::map<std::string, int64_t, std::less<>>;

std::string label(const ValueInfo& input) { return "input " + quote_name(input.name); }

bool is_given(const ImportOptions& options, const std::string& name) {
  return options.input_shapes.contains(name) || options.input_values.contains(name);
}

Result<std::vector<const ValueInfo*>> fed_inputs(const Model& model, const ImportOptions& options) {
  std::vector<const ValueInfo*> fed;
  std::string names;
  for (const ValueInfo& input : model.graph.inputs) {
    names += (names.empty() ? "" : ", ") + quote_name(input.name);
    if (!model.graph.initializers.contains(input.name) || is_given(options, input.name)) {
      fed.push_back(&input);
    }
  }
  auto check = [&](const std::string& name) -> Result<void> {
    auto same = [&](const ValueInfo* input) { return input->name == name; };
    if (std::ranges::any_of(fed, same)) return {};
    return fail("input " + quote_name(name), "the model has no such input", "it has " + names);
  };
  for (const auto& [name, shape] : options.input_shapes) BURIN_TRY(check(name));
  for (const auto& [name, value] : options.input_values) BURIN_TRY(check(name));
  return fed;
}

// The shape that the caller gave, or null.
Result<const Dims*> given_shape(const ValueInfo& input, const ImportOptions& options) {
  const Dims* shape = nullptr;
  if (auto found = options.input_shapes.find(input.name); found != options.input_shapes.end()) {
    shape = &found->second;
  }
  auto value = options.input_values.find(input.name);
  if (value == options.input_values.end()) return shape;
  const TensorType& type = value->second.type();
  if (type.dtype != *input.dtype) {
    return fail(label(input),
                "is " + std::string(name_of(type.dtype)) + " where the model has " + input.text());
  }
  if (shape && *shape != type.shape.dims()) {
    return fail(label(input), "its given shape differs from its given value's");
  }
  return &type.shape.dims();
}

Result<void> bind_given(const ValueInfo& input, const Dims& shape, const ImportOptions& options,
                        Symbols& symbols) {
  if (!input.dims) return {};
  auto mismatch = [&] {
    return fail(label(input),
                "has shape " + Shape(shape).text() + " where the model has " + input.text());
  };
  if (input.dims->size() != shape.size()) return mismatch();
  for (size_t i = 0; i < shape.size(); ++i) {
    const Dim& dim = (*input.dims)[i];
    if (dim.size && *dim.size != shape[i]) return mismatch();
    if (dim.symbol.empty()) continue;
    if (auto fixed = options.symbols.find(dim.symbol);
        fixed != options.symbols.end() && fixed->second != shape[i]) {
      return fail(label(input), "dimension " + std::to_string(i) + " is " +
                                    std::to_string(shape[i]) + " where " + quote_name(dim.symbol) +
                                    " was given as " + std::to_string(fixed->second));
    }
    symbols.emplace(dim.symbol, shape[i]);
  }
  return {};
}

Result<int64_t> resolve(const ValueInfo& input, size_t axis, const ImportOptions& options,
                        Symbols& symbols) {
  const Dim& dim = (*input.dims)[axis];
  if (dim.size) return *dim.size;
  if (!dim.symbol.empty()) {
    if (auto known = symbols.find(dim.symbol); known != symbols.end()) return known->second;
  }
  if (!options.default_dim) {
    return fail(label(input),
                "the size of dimension " + std::to_string(axis) + " (" + quote_name(dim.text()) +
                    ") is not known",
                "give the input's shape");
  }
  if (!dim.symbol.empty()) symbols.emplace(dim.symbol, *options.default_dim);
  return *options.default_dim;
}

Result<Shape> resolve_shape(const ValueInfo& input, const ImportOptions& options,
                            Symbols& symbols) {
  BURIN_ASSIGN(const Dims* given, given_shape(input, options));
  if (!given && !input.dims) {
    return fail(label(input), "its rank is not known", "give the input's shape");
  }
  Dims dims;
  if (given) {
    dims = *given;
  } else {
    for (size_t i = 0; i < input.dims->size(); ++i) {
      BURIN_ASSIGN(int64_t size, resolve(input, i, options, symbols));
      dims.push_back(size);
    }
  }
  auto shape = check_shape(dims);
  if (!shape) return fail(label(input), shape.error().reason);
  return *shape;
}

}  // namespace

Result<BoundInputs> bind_inputs(const Model& model, const ImportOptions& options) {
  BURIN_ASSIGN(auto fed, fed_inputs(model, options));
  BoundInputs bound;
  bound.symbols = options.symbols;
  for (const ValueInfo* input : fed) {
    if (!input->dtype) return fail(label(*input), input->problem);
    BURIN_ASSIGN(const Dims* given, given_shape(*input, options));
    if (given) BURIN_TRY(bind_given(*input, *given, options, bound.symbols));
  }
  for (const ValueInfo* input : fed) {
    BURIN_ASSIGN(Shape shape, resolve_shape(*input, options, bound.symbols));
    bound.inputs.push_back({input->name, {*input->dtype, std::move(shape)}});
  }
  return bound;
}

}  // namespace burin::onnx
