// Each part is taken apart by a structured binding: a field that is added to one of these structs
// does not compile here before somebody has said whether it counts.
#include "lower/kernels/signature.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>

#include "graph/print.h"

namespace burin::lower {

namespace {

std::string list_of(std::span<const int64_t> values) {
  return fmt::format("[{}]", fmt::join(values, ","));
}

std::string text_of(const View& view) {
  const auto& [pointer, dtype, offset, strides, streams] = view;
  return fmt::format("p{} {}+{}{}{}", pointer, name_of(dtype), offset, list_of(strides),
                     streams ? " streamed" : "");
}

// Where and as what the numbers lie in the model's file does not matter, in which order they do.
std::string text_of(const WeightView& weights) {
  const auto& [type, value, offset, strides, scale, scale_offset, scale_strides] = weights;
  std::string scaled = scale.valid() ? " scale " + list_of(scale_strides) : "";
  return fmt::format("weights {} {}{}", graph::type_text(type), list_of(strides), scaled);
}

std::string text_of(const ExprNode& node) {
  const auto& [kind, dtype, view, acc, literal, literal_int, op, operands, source] = node;
  std::string type(name_of(dtype));
  switch (kind) {
    case ExprNode::Kind::load: return fmt::format("{} load {}", type, view);
    case ExprNode::Kind::acc: return fmt::format("{} acc {}", type, acc);
    case ExprNode::Kind::index: return fmt::format("{} index {}", type, acc);
    case ExprNode::Kind::literal:
      return fmt::format("{} literal {:x} {}", type, std::bit_cast<uint64_t>(literal), literal_int);
    case ExprNode::Kind::op: break;
  }
  return fmt::format("{} {} {} {} {}", type, graph::name_of(op), operands[0], operands[1],
                     operands[2]);
}

std::string text_of(const Expr& expr) {
  const auto& [views, nodes, results] = expr;
  std::string out;
  for (const View& view : views) out += text_of(view) + "; ";
  for (const ExprNode& node : nodes) out += text_of(node) + "; ";
  return out + fmt::format("results {}", fmt::join(results, " "));
}

std::string text_of(const DenseOperand& operand) {
  const auto& [view, weights, made] = operand;
  std::string out = weights ? text_of(*weights) : text_of(view);
  return made ? out + " made " + text_of(*made) : out;
}

std::string text_of(const loop::Machine& machine) {
  const auto& [bits, registers, masks, splats, l1, l2, l3, splits, line] = machine;
  return fmt::format("{} bits, {} registers{}{}{}, caches {} {} {}, {} cycles per line", bits,
                     registers, masks ? ", masks" : "", splats ? ", splats" : "",
                     splits ? ", splits indexed" : "", l1, l2, l3, line);
}

}  // namespace

std::string signature_of(const DenseJob& job) {
  // The memory that is left for weights rules out what is not tuned only.
  const auto& [graph, node_id, machine, exact, spare_weights, operands, epilogue, outputs, sums,
               begins_sums, pointers, parameters] = job;
  const graph::Node& node = (*graph)[node_id];
  std::string out = fmt::format("{}{} {}", graph::name_of(node.op), graph::attr_text(node.attr),
                                graph::type_text(node.type));
  for (size_t i = 0; i < operands.size(); ++i) {
    const TensorType& type = graph->type(node.operands[i]);
    out += fmt::format(" | {} = {}", graph::type_text(type), text_of(operands[i]));
  }
  out += " | " + text_of(epilogue);
  for (const View& view : outputs) out += " | to " + text_of(view);
  for (const View& view : sums) out += (begins_sums ? " | sum " : " | add ") + text_of(view);
  return out +
         fmt::format(" | {} pointers{} | {}", pointers, exact ? ", exact" : "", text_of(*machine));
}

}  // namespace burin::lower
