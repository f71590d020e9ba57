// Prints nodes; attributes through their `each` visitors.
#include "graph/print.h"

#include <cmath>
#include <limits>

#include "base/lexer.h"

namespace burin::graph {

namespace {

void append_dims(std::string& out, const Dims& dims) {
  out += '[';
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i) out += ',';
    out += std::to_string(dims[i]);
  }
  out += ']';
}

std::string element_text(const Tensor& t, int64_t i) {
  if (t.dtype() == DType::f64) return real_text(t.as_double(i));
  if (is_float(t.dtype())) return real_text(static_cast<float>(t.as_double(i)));
  if (t.dtype() == DType::u64) return std::to_string(static_cast<uint64_t>(t.as_int(i)));
  return std::to_string(t.as_int(i));
}

// Whether the decimal spelling of every element reads back as the same bytes (NaN payloads and
// bools other than 0 and 1 do not).
bool has_exact_text(const Tensor& t) {
  for (int64_t i = 0; i < t.elements(); ++i) {
    double d = t.as_double(i);
    if (std::isnan(d)) d = std::numeric_limits<double>::quiet_NaN();  // what "nan" reads as
    Tensor back({t.dtype(), Shape{}});
    if (is_float(t.dtype())) {
      back.set_double(0, d);
    } else {
      back.set_int(0, t.as_int(i));
    }
    auto size = static_cast<size_t>(size_of(t.dtype()));
    if (std::memcmp(back.data(), t.data() + static_cast<size_t>(i) * size, size) != 0) return false;
  }
  return true;
}

void append_hex(std::string& out, std::span<const std::byte> bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += "hex \"";
  out.reserve(out.size() + 2 * bytes.size() + 64);
  for (std::byte b : bytes) {
    auto value = static_cast<unsigned>(b);
    out += kHex[value >> 4];
    out += kHex[value & 15];
  }
  out += '"';
}

// Appends `name=value` for each field that an attribute visits.
struct AttrPrinter {
  std::string& out;
  const PrintOptions& options;
  bool first = true;

  void begin(std::string_view name) {
    out += first ? " {" : ", ";
    first = false;
    out += name;
    out += '=';
  }
  void operator()(std::string_view name, int64_t value) {
    begin(name);
    out += std::to_string(value);
  }
  void operator()(std::string_view name, bool value) {
    begin(name);
    out += value ? "true" : "false";
  }
  void operator()(std::string_view name, const Dims& dims) {
    begin(name);
    append_dims(out, dims);
  }
  void operator()(std::string_view name, ReduceKind kind) {
    begin(name);
    out += name_of(kind);
  }
  void operator()(std::string_view name, ScatterKind kind) {
    begin(name);
    out += name_of(kind);
  }
  void operator()(std::string_view name, const Tensor& value) {
    begin(name);
    if (value.elements() <= options.max_inline_elements && has_exact_text(value)) {
      out += '[';
      for (int64_t i = 0; i < value.elements(); ++i) {
        if (i) out += ", ";
        out += element_text(value, i);
      }
      out += ']';
    } else if (options.elide) {
      out += "...";
    } else {
      append_hex(out, value.bytes());
    }
  }
};

void append_attr(std::string& out, Attr attr, const PrintOptions& options) {
  AttrPrinter printer{out, options};
  std::visit([&](auto& a) { a.each(printer); }, attr);
  if (!printer.first) out += '}';
}

void append_node(std::string& out, const Graph& graph, NodeId id, const PrintOptions& options) {
  const Node& node = graph[id];
  out += '%';
  out += std::to_string(id.index);
  out += " = ";
  out += name_of(node.op);
  out += '(';
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (i) out += ", ";
    out += '%';
    out += std::to_string(node.operands[i].index);
  }
  out += ')';
  append_attr(out, node.attr, options);
  out += " : ";
  out += type_text(node.type);
  if (node.source.valid()) {
    out += " @";
    out += std::to_string(node.source.index);
  }
}

void append_ports(std::string& out, std::string_view kind, const std::vector<Port>& ports) {
  for (const Port& port : ports) {
    out += "  ";
    out += kind;
    out += ' ';
    out += quote_text(port.name);
    out += " = %";
    out += std::to_string(port.node.index);
    out += '\n';
  }
}

}  // namespace

std::string attr_text(const Attr& attr) {
  std::string out;
  append_attr(out, attr, {16, true});
  return out;
}

std::string type_text(const TensorType& type) {
  std::string out(name_of(type.dtype));
  append_dims(out, type.shape.dims());
  return out;
}

std::string print_node(const Graph& graph, NodeId id, const PrintOptions& options) {
  std::string out;
  append_node(out, graph, id, options);
  return out;
}

std::string print(const Graph& graph, const PrintOptions& options) {
  std::string out = "graph " + quote_text(graph.name) + " {\n";
  for (size_t i = 0; i < graph.sources.size(); ++i) {
    const Source& source = graph.sources[SourceId(i)];
    out += "  source @" + std::to_string(i) + " " + quote_text(source.name) + " " +
           quote_text(source.op_type) + "\n";
  }
  for (size_t i = 0; i < graph.size(); ++i) {
    out += "  ";
    append_node(out, graph, NodeId(i), options);
    out += '\n';
  }
  append_ports(out, "input", graph.inputs);
  append_ports(out, "output", graph.outputs);
  return out + "}\n";
}

}  // namespace burin::graph
