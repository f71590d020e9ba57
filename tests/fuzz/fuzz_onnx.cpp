// libFuzzer on the ONNX reader and importer: any bytes give a model or a one-line Diagnostic,
// within the memory that was allowed. What imports must be well formed, and must not break the
// exporter. Seeds: the models of ../shared/models, small ones first.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/check.h"
#include "graph/verify.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "onnx/model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace burin;
  constexpr int64_t kMaxMemory = 64 << 20;
  auto owner = std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size);
  auto bytes = std::as_bytes(std::span(owner->data(), owner->size()));
  auto one_line = [](const Diagnostic& d) {
    BURIN_CHECK(d.text().find('\n') == std::string::npos, "a diagnostic of several lines");
    BURIN_CHECK(!d.reason.empty(), "a diagnostic without a reason");
  };
  auto model = onnx::parse_model(bytes, owner, {.max_memory = kMaxMemory});
  if (!model) return one_line(model.error()), 0;
  auto imported = onnx::import_model(*model, {.default_dim = 2, .max_memory = kMaxMemory});
  if (!imported) return one_line(imported.error()), 0;
  if (auto violation = graph::verify(imported->graph)) {
    check_failed(__FILE__, __LINE__, "verify", violation->text().c_str());
  }
  auto writer = onnx::export_graph(imported->graph);
  if (!writer) one_line(writer.error());
  return 0;
}
