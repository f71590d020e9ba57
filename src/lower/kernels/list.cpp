// The ordered list of dense kernels.
#include "lower/kernels/list.h"

#include "base/check.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/reference.h"
#include "lower/kernels/window.h"

namespace burin::lower {

std::span<const DenseMethod> dense_methods() {
  static constexpr DenseMethod kMethods[] = {
      {"depthwise", refuse_depthwise, make_depthwise},
      {"conv", refuse_conv, make_conv},
      {"gemm", refuse_gemm, make_gemm},
      {"pool", refuse_pool, make_pool},
      {"reference", refuse_reference, make_reference},
  };
  return kMethods;
}

DenseKernels make_dense(const DenseJob& job) {
  std::string refusals;
  for (const DenseMethod& method : dense_methods()) {
    if (std::optional<std::string> reason = method.refusal(job)) {
      refusals +=
          (refusals.empty() ? "; not " : ", not ") + std::string(method.name) + ": " + *reason;
      continue;
    }
    DenseKernels kernels = method.make(job);
    kernels.algorithm += refusals;
    return kernels;
  }
  BURIN_CHECK(false, "the reference refused a job");
}

}  // namespace burin::lower
