// The ordered list of dense kernels.
#include "lower/kernels/list.h"

#include <algorithm>

#include "base/check.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/depthwise_gradient.h"
#include "lower/kernels/detached.h"
#include "lower/kernels/reference.h"
#include "lower/kernels/strassen.h"
#include "lower/kernels/weight_gradient.h"
#include "lower/kernels/window.h"
#include "lower/kernels/winograd.h"
#include "lower/kernels/winograd_gradient.h"

namespace burin::lower {

namespace {

bool is_for(const DenseMethod& method, const DenseJob& job) {
  if (!job.sums.empty() && !method.takes_sums) return false;
  auto made = [](const DenseOperand& operand) { return operand.made.has_value(); };
  bool makes = std::any_of(job.operands.begin(), job.operands.end(), made);
  if (makes && !method.makes_operands) return false;
  return !method.op || *method.op == (*job.graph)[job.node].op;
}

// What a method may take: the job, or the job without what follows its sums.
struct Offer {
  DenseJob job;
  bool bare = false;
};

// Nothing if the method refuses both; `refused` gets its reason, if it has one.
std::optional<Offer> offer_for(const DenseMethod& method, const DenseJob& job,
                               std::vector<Refusal>& refused) {
  std::optional<std::string> reason = method.refusal(job);
  if (!reason) return Offer{job, false};
  if (!reason->empty()) refused.push_back({std::string(method.name), *std::move(reason)});
  if (!job.sums.empty()) return std::nullopt;
  // Perhaps it is only what follows the sums that it cannot do.
  Offer bare{bare_job(job), true};
  if (method.refusal(bare.job)) return std::nullopt;
  return bare;
}

// The same whether it pays or not.
std::optional<Offer> possible_offer(const DenseMethod& method, const DenseJob& job) {
  auto cannot = method.cannot ? method.cannot : method.refusal;
  if (!cannot(job)) return Offer{job, false};
  if (!job.sums.empty()) return std::nullopt;
  Offer bare{bare_job(job), true};
  if (cannot(bare.job)) return std::nullopt;
  return bare;
}

DenseKernels make_offer(const DenseMethod& method, const DenseJob& job, const Offer& offer) {
  DenseKernels kernels = method.make(offer.job);
  Choice choice{std::string(method.name), std::move(kernels.choice.parameters)};
  if (offer.bare) kernels = attach_rest(job, std::move(kernels));
  kernels.choice = std::move(choice);
  return kernels;
}

std::string describe(const DenseKernels& kernels, const Offer& offer, std::string_view how) {
  return kernels.choice.method + std::string(how) + ", " + kernels.algorithm +
         (offer.bare ? ", rest by itself" : "");
}

// The kernels as chosen; nothing where the method or its parameters do not fit the job.
std::optional<DenseKernels> make_chosen(const DenseJob& job, const Choice& choice) {
  for (const DenseMethod& method : dense_methods()) {
    if (method.name != choice.method || !is_for(method, job)) continue;
    std::optional<Offer> offer = possible_offer(method, job);
    if (!offer) return std::nullopt;
    offer->job.parameters = &choice.parameters;
    DenseKernels kernels = make_offer(method, job, *offer);
    if (!choice.parameters.empty() && kernels.choice != choice) return std::nullopt;
    kernels.algorithm = describe(kernels, *offer, " tuned");
    return kernels;
  }
  return std::nullopt;
}

}  // namespace

std::span<const DenseMethod> dense_methods() {
  using graph::Op;
  static constexpr DenseMethod kMethods[] = {
      {.name = "depthwise_gradient",
       .op = Op::convolution,
       .refusal = refuse_depthwise_gradient,
       .make = make_depthwise_gradient,
       .makes_operands = true},
      {.name = "depthwise",
       .op = Op::convolution,
       .refusal = refuse_depthwise,
       .make = make_depthwise,
       .takes_sums = true,
       .makes_operands = true},
      {"winograd_gradient", Op::convolution, refuse_winograd_gradient, make_winograd_gradient,
       winograd_gradient_alternatives, cannot_winograd_gradient},
      {"weight_gradient", Op::convolution, refuse_weight_gradient, make_weight_gradient},
      {"winograd", Op::convolution, refuse_winograd, make_winograd, winograd_alternatives,
       cannot_winograd},
      {"strassen", Op::convolution, refuse_strassen, make_strassen, nullptr, cannot_strassen},
      {.name = "conv",
       .op = Op::convolution,
       .refusal = refuse_conv,
       .make = make_conv,
       .alternatives = conv_alternatives,
       .takes_sums = true},
      {"weight_gradient", Op::dot_general, refuse_weight_product, make_weight_product},
      {"dot", Op::dot_general, refuse_dot, make_dot},
      {"strassen", Op::dot_general, refuse_strassen, make_strassen, nullptr, cannot_strassen},
      {"gemm", Op::dot_general, refuse_gemm, make_gemm, gemm_alternatives},
      {"pool", Op::reduce_window, refuse_pool, make_pool},
      {.name = "reference",
       .op = std::nullopt,
       .refusal = refuse_reference,
       .make = make_reference,
       .takes_sums = true,
       .makes_operands = true},
  };
  return kMethods;
}

DenseKernels make_dense(const DenseJob& job, const Choice* choice) {
  if (choice) {
    if (auto chosen = make_chosen(job, *choice)) return *std::move(chosen);
  }
  std::vector<Refusal> refused;
  for (const DenseMethod& method : dense_methods()) {
    if (!is_for(method, job)) continue;
    std::optional<Offer> offer = offer_for(method, job, refused);
    if (!offer) continue;
    DenseKernels kernels = make_offer(method, job, *offer);
    kernels.algorithm = describe(kernels, *offer, "");
    kernels.refused = std::move(refused);
    return kernels;
  }
  BURIN_CHECK(false, "the reference refused a job");
}

std::vector<Choice> alternatives_to(const DenseJob& job, const Choice& choice) {
  std::vector<Choice> parameters, methods;
  for (const DenseMethod& method : dense_methods()) {
    // The reference is never worth a measurement beside another method.
    if (!is_for(method, job) || !method.op) continue;
    std::optional<Offer> offer = possible_offer(method, job);
    if (!offer) continue;
    if (method.name != choice.method) {
      methods.push_back({std::string(method.name), {}});
    } else if (method.alternatives) {
      for (Parameters& p : method.alternatives(offer->job, choice.parameters)) {
        parameters.push_back({choice.method, std::move(p)});
      }
    }
  }
  parameters.insert(parameters.end(), methods.begin(), methods.end());
  return parameters;
}

}  // namespace burin::lower
