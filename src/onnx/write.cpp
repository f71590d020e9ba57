// Assembles the file around the tensors' bytes: every length is known before anything is written.
#include "onnx/write.h"

#include <protozero/pbf_writer.hpp>

#include "base/output_file.h"

namespace burin::onnx {

using protozero::pbf_writer;

namespace {

// ModelProto and GraphProto fields.
constexpr uint32_t kGraph = 7, kNode = 1, kGraphName = 2, kInitializer = 5, kInput = 11,
                   kOutput = 12;

// The tag and length in front of an embedded message.
std::string message_prefix(uint32_t field, uint64_t length) {
  constexpr uint32_t kLengthDelimited = 2;
  std::string out;
  protozero::write_varint(std::back_inserter(out), (field << 3) | kLengthDelimited);
  protozero::write_varint(std::back_inserter(out), length);
  return out;
}

void append_message(std::string& out, uint32_t field, const std::string& message) {
  out += message_prefix(field, message.size());
  out += message;
}

// The oldest file format that has the operator set.
int32_t ir_version_of(int64_t opset) { return opset <= 18 ? 8 : opset <= 20 ? 9 : 10; }

std::string_view bytes_of(const Tensor& tensor) {
  auto bytes = tensor.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<Dim> static_dims(const TensorType& type) {
  std::vector<Dim> dims;
  for (int64_t d : type.shape.dims()) dims.push_back({d, {}});
  return dims;
}

std::string encode_pair(std::string_view first, std::string_view second) {
  std::string out;
  pbf_writer w(out);
  w.add_string(1, first.data(), first.size());
  w.add_string(2, second.data(), second.size());
  return out;
}

}  // namespace

ModelWriter::ModelWriter(std::string_view graph_name, int64_t opset) {
  pbf_writer(graph_).add_string(kGraphName, graph_name.data(), graph_name.size());
  opsets_[""] = opset;
}

void ModelWriter::set_opset(std::string_view domain, int64_t version) {
  opsets_[std::string(domain)] = version;
}

void ModelWriter::set_metadata(std::string_view key, std::string_view value) {
  metadata_.emplace_back(key, value);
}

void ModelWriter::add_input(std::string_view name, DType dtype, const std::vector<Dim>& dims) {
  append_message(graph_, kInput, encode_value_info(name, dtype, dims));
}

void ModelWriter::add_input(std::string_view name, const TensorType& type) {
  add_input(name, type.dtype, static_dims(type));
}

void ModelWriter::add_output(std::string_view name, DType dtype, const std::vector<Dim>& dims) {
  append_message(graph_, kOutput, encode_value_info(name, dtype, dims));
}

void ModelWriter::add_output(std::string_view name, const TensorType& type) {
  add_output(name, type.dtype, static_dims(type));
}

void ModelWriter::add_initializer(std::string name, Tensor value) {
  initializers_.emplace_back(std::move(name), std::move(value));
}

void ModelWriter::add_node(const NodeView& node) {
  append_message(graph_, kNode, encode_node(node));
}

void ModelWriter::node(std::string op_type, std::vector<std::string> inputs,
                       std::vector<std::string> outputs, Attributes attributes, std::string name,
                       std::string domain) {
  add_node({std::move(name), std::move(domain), std::move(op_type), std::move(inputs),
            std::move(outputs), std::move(attributes)});
}

ModelWriter::Pieces ModelWriter::pieces() const {
  Pieces p;
  std::string head;
  pbf_writer w(head);
  w.add_int64(1, ir_version_of(opsets_.find("")->second));
  w.add_string(2, "burin");
  for (const auto& [key, value] : metadata_) w.add_message(14, encode_pair(key, value));
  for (const auto& [domain, version] : opsets_) {
    pbf_writer opset(w, 8);
    opset.add_string(1, domain);
    opset.add_int64(2, version);
  }

  uint64_t graph_size = graph_.size();
  std::vector<std::string> tensor_heads;
  for (const auto& [name, value] : initializers_) {
    std::string header = encode_tensor_header(name, value.type());
    std::string prefix = message_prefix(kInitializer, header.size() + value.bytes().size());
    tensor_heads.push_back(prefix + header);
    graph_size += tensor_heads.back().size() + value.bytes().size();
  }
  head += message_prefix(kGraph, graph_size);
  p.size = head.size() + graph_size;
  p.list.emplace_back(std::move(head), graph_);
  for (size_t i = 0; i < initializers_.size(); ++i) {
    p.list.emplace_back(std::move(tensor_heads[i]), bytes_of(initializers_[i].second));
  }
  return p;
}

Result<ModelWriter::Pieces> ModelWriter::checked_pieces(const std::string& where) const {
  constexpr uint64_t kLimit = uint64_t{1} << 31;
  Pieces p = pieces();
  if (p.size < kLimit) return p;
  return fail(where, "the model takes " + std::to_string(p.size) +
                         " bytes: an ONNX file holds less than 2 GiB");
}

Result<void> ModelWriter::save(const std::string& path, OutputFile::Durability durability) const {
  BURIN_ASSIGN(Pieces p, checked_pieces(path));
  BURIN_ASSIGN(auto file, OutputFile::create(path));
  for (const auto& [own, viewed] : p.list) {
    file->write(own);
    file->write(viewed);
  }
  return file->commit(durability);
}

Result<std::string> ModelWriter::bytes() const {
  BURIN_ASSIGN(Pieces p, checked_pieces(""));
  std::string out;
  out.reserve(p.size);
  for (const auto& [own, viewed] : p.list) out.append(own).append(viewed);
  return out;
}

}  // namespace burin::onnx
