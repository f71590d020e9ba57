// ModelProto, and the boundary where parse errors become Diagnostics.
#include "onnx/model.h"

#include <filesystem>

#include "onnx/graph_proto.h"

namespace burin::onnx {

std::string Dim::text() const {
  if (size) return std::to_string(*size);
  return symbol.empty() ? "?" : symbol;
}

std::string ValueInfo::text() const {
  if (!dtype) return problem;
  std::string out = std::string(name_of(*dtype)) + "[";
  if (!dims) return out + "...]";
  for (size_t i = 0; i < dims->size(); ++i) out += (i ? "x" : "") + (*dims)[i].text();
  return out + "]";
}

std::vector<const ValueInfo*> Model::required_inputs() const {
  std::vector<const ValueInfo*> out;
  for (const ValueInfo& input : graph.inputs) {
    if (!graph.initializers.contains(input.name)) out.push_back(&input);
  }
  return out;
}

namespace {

struct StringPair {
  std::string first, second;
};

StringPair parse_strings(Message m) {
  StringPair pair;
  while (m.next()) {
    if (m.field() == 1) pair.first = m.text();
    if (m.field() == 2) pair.second = m.text();
  }
  return pair;
}

void parse_opset(Message m, Model& model) {
  std::string domain;
  int64_t version = 0;
  while (m.next()) {
    if (m.field() == 1) domain = m.text();
    if (m.field() == 2) version = m.integer();
  }
  if (domain == "ai.onnx") domain.clear();
  auto [entry, added] = model.opsets.emplace(domain, version);
  if (!added && entry->second != version) {
    throw ParseError("imports two versions of domain " + quote_name(domain));
  }
}

std::string function_name(Message m) {
  std::string name, domain;
  while (m.next()) {
    if (m.field() == 1) name = m.text();
    if (m.field() == 10) domain = m.text();
  }
  return domain + ":" + name;
}

void read_model_field(Message& m, Model& model, const TensorSource& source, bool& has_graph) {
  // A few bytes of file per entry: keep what they become within the budget.
  constexpr int64_t kSmallEntry = 192;
  if (m.field() != 7 && m.is_text()) source.budget.charge(kSmallEntry);
  switch (m.field()) {
    case 1: model.ir_version = m.integer(); break;
    case 2: model.producer.insert(0, m.text()); break;
    case 3: model.producer.append(" ").append(m.text()); break;
    case 7:
      if (has_graph) throw ParseError("has two graphs");
      has_graph = true;
      model.graph = parse_graph(m.message(), source, 0);
      break;
    case 8: parse_opset(m.message(), model); break;
    case 14: {
      StringPair entry = parse_strings(m.message());
      model.metadata[entry.first] = entry.second;
      break;
    }
    case 25: model.functions.push_back(function_name(m.message())); break;
    default: break;
  }
}

Model parse(std::span<const std::byte> bytes, const TensorSource& source) {
  if (bytes.empty()) throw ParseError("is empty");
  Message m({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  Model model;
  bool has_graph = false;
  while (m.next()) read_model_field(m, model, source, has_graph);
  if (!has_graph) throw ParseError("has no graph", "is it an ONNX model?");
  // Files older than operator sets (IR version 3) have none: they mean version 1.
  if (model.opsets.empty()) {
    if (model.ir_version >= 3) throw ParseError("imports no operator set", "is the file complete?");
    model.opsets[""] = 1;
  }
  return model;
}

Result<Model> parse_guarded(const std::string& where, std::span<const std::byte> bytes,
                            std::shared_ptr<const void> owner, const MappedFile* file,
                            ExternalFiles external, const ReadOptions& options) {
  Budget budget(options.max_memory);
  try {
    Model model = parse(bytes, {std::move(owner), file, external, budget});
    model.files = external.files();
    return model;
  } catch (const ParseError& e) {
    return fail(where, e.what(), e.hint);
  } catch (const protozero::exception& e) {
    return fail(where, std::string("is not a whole ONNX model: ") + e.what(),
                "is the file complete?");
  } catch (const std::bad_alloc&) {
    return fail(where, "not enough memory to read it");
  }
}

}  // namespace

Result<Model> read_model(const std::string& path, const ReadOptions& options) {
  BURIN_ASSIGN(auto file, MappedFile::open(path));
  std::string folder = std::filesystem::path(path).parent_path().string();
  BURIN_ASSIGN(Model model, parse_guarded(path, file->bytes(), file, file.get(),
                                          ExternalFiles(folder), options));
  model.files.push_back(std::move(file));
  return model;
}

Result<Model> parse_model(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                          const ReadOptions& options) {
  return parse_guarded("", bytes, std::move(owner), nullptr, ExternalFiles(std::nullopt), options);
}

}  // namespace burin::onnx
