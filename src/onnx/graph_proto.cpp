// GraphProto, NodeProto, AttributeProto and ValueInfoProto. Field numbers are those of onnx.proto.
#include "onnx/graph_proto.h"

#include "onnx/attribute_type.h"
#include "onnx/order.h"

namespace burin::onnx {

namespace {

// A string of the file, charged to the budget.
std::string take_string(Message& m, Budget& budget) {
  std::string_view text = m.text();
  budget.charge(static_cast<int64_t>(sizeof(std::string) + text.size()));
  return std::string(text);
}

Dim parse_dim(Message m) {
  Dim dim;
  while (m.next()) {
    if (m.field() == 1) dim.size = m.integer();
    if (m.field() == 2) dim.symbol = m.text();
  }
  // Some exporters write a negative size for an unknown one.
  if (dim.size && *dim.size < 0) dim.size.reset();
  return dim;
}

std::vector<Dim> parse_dims(Message m, Budget& budget) {
  std::vector<Dim> dims;
  while (m.next()) {
    if (m.field() != 1) continue;
    budget.charge(sizeof(Dim));
    dims.push_back(parse_dim(m.message()));
    if (dims.size() > kMaxRank) throw ParseError("a rank above " + std::to_string(kMaxRank));
  }
  return dims;
}

void parse_tensor_type(Message m, ValueInfo& value, Budget& budget) {
  while (m.next()) {
    if (m.field() == 1) {
      try {
        value.dtype = dtype_from_onnx(m.integer());
        value.problem.clear();
      } catch (const UnsupportedDtype& e) {
        value.problem = e.what();
      }
    } else if (m.field() == 2) {
      value.dims = parse_dims(m.message(), budget);
    }
  }
}

void parse_type(Message m, ValueInfo& value, Budget& budget) {
  while (m.next()) {
    switch (m.field()) {
      case 1: parse_tensor_type(m.message(), value, budget); break;
      case 4: value.problem = "is a sequence, which is not supported"; break;
      case 5: value.problem = "is a map, which is not supported"; break;
      case 8: value.problem = "is a sparse tensor, which is not supported"; break;
      case 9: value.problem = "is an optional value, which is not supported"; break;
      default: break;
    }
  }
}

ValueInfo parse_value_info(Message m, Budget& budget) {
  ValueInfo value;
  value.problem = "has no type";
  budget.charge(sizeof(ValueInfo));
  while (m.next()) {
    if (m.field() == 1) value.name = take_string(m, budget);
    if (m.field() == 2) parse_type(m.message(), value, budget);
  }
  return value;
}

// AttributeProto's fields while they are read; `type` decides which one counts.
struct RawAttribute {
  std::string name;
  int64_t type = 0;
  AttributeValue value = UnsupportedAttribute{"it has no value"};
  std::vector<int64_t> ints;
  std::vector<float> floats;
  std::vector<std::string> strings;
};

AttributeValue tensor_attribute(Message m, const TensorSource& source) {
  try {
    return parse_tensor(m, source).value;
  } catch (const UnsupportedDtype& e) {
    return UnsupportedAttribute{e.what()};
  }
}

AttributeValue finish(RawAttribute&& a) {
  bool absent = std::holds_alternative<UnsupportedAttribute>(a.value);
  if (!a.ints.empty() || a.type == kInts) return std::move(a.ints);
  if (!a.floats.empty() || a.type == kFloats) return std::move(a.floats);
  if (!a.strings.empty() || a.type == kStrings) return std::move(a.strings);
  if (absent && a.type == kInt) return int64_t{0};
  if (absent && a.type == kFloat) return 0.0f;
  if (absent && a.type == kString) return std::string();
  return std::move(a.value);
}

RawAttribute read_attribute(Message m, const TensorSource& source, int depth) {
  RawAttribute a;
  auto refuse = [&](const char* reason) { a.value = UnsupportedAttribute{reason}; };
  while (m.next()) {
    switch (m.field()) {
      case 1: a.name = take_string(m, source.budget); break;
      case 2: a.value = m.float32(); break;
      case 3: a.value = m.integer(); break;
      case 4: a.value = take_string(m, source.budget); break;
      case 5: a.value = tensor_attribute(m.message(), source); break;
      case 6:
        a.value = std::make_shared<const GraphProto>(parse_graph(m.message(), source, depth + 1));
        break;
      case 7: m.append(a.floats, source.budget); break;
      case 8: m.append(a.ints, source.budget); break;
      case 9: a.strings.push_back(take_string(m, source.budget)); break;
      case 10: refuse("lists of tensors are not supported"); break;
      case 11: refuse("lists of graphs are not supported"); break;
      case 14:
      case 15: refuse("types as attributes are not supported"); break;
      case 20: a.type = m.integer(); break;
      case 21: refuse("it refers to an attribute of a function"); break;
      case 22:
      case 23: refuse("sparse tensors are not supported"); break;
      default: break;
    }
  }
  return a;
}

// What a map node or a vector slot costs beside its payload, roughly.
constexpr int64_t kEntryOverhead = 64;

void read_node_field(Message& m, NodeView& node, const TensorSource& source, int depth) {
  Budget& budget = source.budget;
  switch (m.field()) {
    case 1: node.inputs.push_back(take_string(m, budget)); break;
    case 2: node.outputs.push_back(take_string(m, budget)); break;
    case 3: node.name = take_string(m, budget); break;
    case 4: node.op_type = take_string(m, budget); break;
    case 5: {
      budget.charge(sizeof(AttributeValue) + kEntryOverhead);
      RawAttribute a = read_attribute(m.message(), source, depth);
      std::string name = a.name;
      if (!node.attributes.emplace(name, finish(std::move(a))).second) {
        throw ParseError("attribute " + quote_name(name) + " is given twice");
      }
      break;
    }
    case 7: node.domain = take_string(m, budget); break;
    default: break;
  }
}

NodeView parse_node(Message m, const TensorSource& source, int depth) {
  NodeView node;
  source.budget.charge(sizeof(NodeView));
  try {
    while (m.next()) read_node_field(m, node, source, depth);
  } catch (const ParseError& e) {
    throw ParseError(
        "node " + quote_name(node.name) + " (" + quote_name(node.op_type) + "): " + e.what(),
        e.hint);
  }
  if (node.domain == "ai.onnx") node.domain.clear();
  if (node.name.empty() && !node.outputs.empty()) node.name = node.outputs[0];
  return node;
}

void add_initializer(GraphProto& graph, NamedTensor tensor, Budget& budget) {
  budget.charge(static_cast<int64_t>(sizeof(Tensor) + tensor.name.size()) + kEntryOverhead);
  if (tensor.name.empty()) throw ParseError("an initialiser has no name");
  auto [entry, added] = graph.initializers.emplace(tensor.name, std::move(tensor.value));
  if (!added) throw ParseError("initialiser " + quote_name(entry->first) + " is given twice");
}

}  // namespace

GraphProto parse_graph(Message m, const TensorSource& source, int depth) {
  if (depth > kMaxNesting) {
    throw ParseError("subgraphs nest deeper than " + std::to_string(kMaxNesting));
  }
  GraphProto graph;
  source.budget.charge(sizeof(GraphProto));
  while (m.next()) {
    switch (m.field()) {
      case 1: graph.nodes.push_back(parse_node(m.message(), source, depth)); break;
      case 2: graph.name = take_string(m, source.budget); break;
      case 5: add_initializer(graph, parse_tensor(m.message(), source), source.budget); break;
      case 11: graph.inputs.push_back(parse_value_info(m.message(), source.budget)); break;
      case 12: graph.outputs.push_back(parse_value_info(m.message(), source.budget)); break;
      case 13: graph.value_info.push_back(parse_value_info(m.message(), source.budget)); break;
      case 15: throw ParseError("sparse initialisers are not supported");
      default: break;
    }
  }
  return graph;
}

}  // namespace burin::onnx
