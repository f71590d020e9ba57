// The activation functions that recurrent cells may name.
#include <algorithm>

#include "ops/onnx_recurrent.h"

namespace burin::ops {

namespace {

struct Named {
  std::string_view name;
  // How many of alpha and beta it takes, and their defaults.
  int parameters;
  double alpha, beta;
  Value (*apply)(Value x, double alpha, double beta);
};

// name, parameters, defaults, formula in x, a, b
#define BURIN_RECURRENT_ACTIVATIONS(X)                    \
  X(affine, 2, 1, 0, a* x + b)                            \
  X(elu, 1, 1, 0, select(x < 0.0, a * expm1(x), x))       \
  X(hardsigmoid, 2, 0.2, 0.5, clip(a* x + b, 0, 1))       \
  X(leakyrelu, 1, 0.01, 0, select(x < 0.0, a * x, x))     \
  X(relu, 0, 0, 0, max(x, 0.0))                           \
  X(scaledtanh, 2, 1, 1, a* tanh(b* x))                   \
  X(sigmoid, 0, 0, 0, logistic(x))                        \
  X(softplus, 0, 0, 0, max(x, 0.0) + log1p(exp(-abs(x)))) \
  X(softsign, 0, 0, 0, x / (1.0 + abs(x)))                \
  X(tanh, 0, 0, 0, tanh(x))                               \
  X(thresholdedrelu, 1, 1, 0, select(x > a, x, 0.0))

constexpr Named kNamed[] = {
#define X(name, parameters, alpha, beta, formula)                                       \
  {#name, parameters, alpha, beta,                                                      \
   []([[maybe_unused]] Value x, [[maybe_unused]] double a, [[maybe_unused]] double b) { \
     return formula;                                                                    \
   }},
    BURIN_RECURRENT_ACTIVATIONS(X)
#undef X
};

const Named& find_activation(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char ch) { return std::tolower(ch); });
  auto found = std::ranges::find(kNamed, name, &Named::name);
  if (found == std::end(kNamed)) refuse("the activation '" + name + "' is not known");
  return *found;
}

}  // namespace

std::vector<Activation> read_activations(OpContext& c, const std::vector<std::string>& defaults,
                                         size_t directions) {
  std::vector<std::string> names = c.attr_strings("activations");
  if (names.empty()) {
    for (size_t d = 0; d < directions; ++d) {
      names.insert(names.end(), defaults.begin(), defaults.end());
    }
  }
  if (names.size() != defaults.size() * directions) refuse("activations has a wrong length");
  std::vector<float> alphas = c.attr_floats("activation_alpha");
  std::vector<float> betas = c.attr_floats("activation_beta");
  size_t next_alpha = 0, next_beta = 0;  // taken in order by those that have a parameter
  std::vector<Activation> out;
  for (const std::string& name : names) {
    const Named& found = find_activation(name);
    double alpha = found.alpha, beta = found.beta;
    if (found.parameters > 0 && next_alpha < alphas.size()) alpha = alphas[next_alpha++];
    if (found.parameters > 1 && next_beta < betas.size()) beta = betas[next_beta++];
    out.push_back([apply = found.apply, alpha, beta](Value x) { return apply(x, alpha, beta); });
  }
  return out;
}

}  // namespace burin::ops
