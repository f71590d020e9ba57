// Net -> ModelWriter.
#include "zoo/save.h"

#include "onnx/write.h"

namespace burin::zoo {

namespace {

std::vector<onnx::Dim> to_dims(const NetPort& port) {
  std::vector<onnx::Dim> dims;
  for (const Dim& d : port.dims) {
    onnx::Dim dim;
    if (d.size >= 0) {
      dim.size = d.size;
    } else {
      dim.symbol = d.symbol;
    }
    dims.push_back(std::move(dim));
  }
  return dims;
}

Net build(const ZooEntry& entry, uint64_t seed) {
  Net net{std::string(entry.name), seed};
  entry.build(net);
  return net;
}

onnx::ModelWriter to_writer(Net net) {
  onnx::ModelWriter writer(net.name);
  for (const NetPort& port : net.inputs) writer.add_input(port.name, port.dtype, to_dims(port));
  for (const NetPort& port : net.outputs) writer.add_output(port.name, port.dtype, to_dims(port));
  for (NetInitializer& w : net.initializers) writer.add_initializer(w.name, std::move(w.value));
  for (const onnx::NodeView& node : net.nodes) writer.add_node(node);
  return writer;
}

}  // namespace

Result<Bytes> to_bytes(Net net) {
  BURIN_ASSIGN(std::string bytes, to_writer(std::move(net)).bytes());
  return std::make_shared<const std::string>(std::move(bytes));
}

Result<Bytes> to_bytes(const ZooEntry& entry, uint64_t seed) {
  return to_bytes(build(entry, seed));
}

Result<void> save(Net net, const std::string& path) { return to_writer(std::move(net)).save(path); }

Result<void> save(const ZooEntry& entry, uint64_t seed, const std::string& path) {
  return save(build(entry, seed), path);
}

}  // namespace burin::zoo
