// The ordered list of dense kernels.
#include "lower/kernels/list.h"

#include "base/check.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/reference.h"
#include "lower/kernels/window.h"

namespace burin::lower {

std::span<const DenseMethod> dense_methods() {
  using graph::Op;
  static constexpr DenseMethod kMethods[] = {
      {"depthwise", Op::convolution, refuse_depthwise, make_depthwise},
      {"conv", Op::convolution, refuse_conv, make_conv},
      {"dot", Op::dot_general, refuse_dot, make_dot},
      {"gemm", Op::dot_general, refuse_gemm, make_gemm},
      {"pool", Op::reduce_window, refuse_pool, make_pool},
      {"reference", std::nullopt, refuse_reference, make_reference},
  };
  return kMethods;
}

DenseKernels make_dense(const DenseJob& job) {
  graph::Op op = (*job.graph)[job.node].op;
  std::string refusals;
  for (const DenseMethod& method : dense_methods()) {
    if (method.op && *method.op != op) continue;
    if (std::optional<std::string> reason = method.refusal(job)) {
      refusals += "; not " + std::string(method.name) + ": " + *reason;
      continue;
    }
    DenseKernels kernels = method.make(job);
    kernels.algorithm = std::string(method.name) + ", " + kernels.algorithm + refusals;
    return kernels;
  }
  BURIN_CHECK(false, "the reference refused a job");
}

}  // namespace burin::lower
