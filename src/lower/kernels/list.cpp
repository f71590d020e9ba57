// The ordered list of dense kernels.
#include "lower/kernels/list.h"

#include "base/check.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/detached.h"
#include "lower/kernels/reference.h"
#include "lower/kernels/strassen.h"
#include "lower/kernels/window.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

std::span<const DenseMethod> dense_methods() {
  using graph::Op;
  static constexpr DenseMethod kMethods[] = {
      {"depthwise", Op::convolution, refuse_depthwise, make_depthwise},
      {"winograd", Op::convolution, refuse_winograd, make_winograd},
      {"conv", Op::convolution, refuse_conv, make_conv},
      {"dot", Op::dot_general, refuse_dot, make_dot},
      {"strassen", Op::dot_general, refuse_strassen, make_strassen},
      {"gemm", Op::dot_general, refuse_gemm, make_gemm},
      {"pool", Op::reduce_window, refuse_pool, make_pool},
      {"reference", std::nullopt, refuse_reference, make_reference},
  };
  return kMethods;
}

DenseKernels make_dense(const DenseJob& job) {
  std::vector<Refusal> refused;
  for (const DenseMethod& method : dense_methods()) {
    if (method.op && *method.op != (*job.graph)[job.node].op) continue;
    std::optional<std::string> reason = method.refusal(job);
    if (!reason) {
      DenseKernels kernels = method.make(job);
      kernels.algorithm = std::string(method.name) + ", " + kernels.algorithm;
      kernels.refused = std::move(refused);
      return kernels;
    }
    refused.push_back({std::string(method.name), *std::move(reason)});
    // Perhaps it is only what follows the sums that it cannot do.
    DenseJob bare = bare_job(job);
    if (method.refusal(bare)) continue;
    DenseKernels kernels = attach_rest(job, method.make(bare));
    kernels.algorithm = std::string(method.name) + ", " + kernels.algorithm + ", rest by itself";
    kernels.refused = std::move(refused);
    return kernels;
  }
  BURIN_CHECK(false, "the reference refused a job");
}

}  // namespace burin::lower
