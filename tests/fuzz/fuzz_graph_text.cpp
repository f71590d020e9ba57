// libFuzzer on the graph's parser and on the passes: any text gives a graph that passes the
// verifier or a one-line Diagnostic. What parses must print, its text must parse to the same text
// again, and every pass must leave a graph that passes the verifier. Seeds: tests/graph/text,
// tests/passes/text.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "graph/parse.h"
#include "graph/print.h"
#include "graph/verify.h"
#include "passes/run.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace burin;
  auto graph = graph::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!graph) {
    BURIN_CHECK(graph.error().text().find('\n') == std::string::npos, "several lines");
    BURIN_CHECK(!graph.error().reason.empty(), "a diagnostic without a reason");
    return 0;
  }
  BURIN_CHECK(!graph::verify(*graph), "the verifier refuses what was parsed");
  std::string text = graph::print(*graph);
  auto again = graph::parse(text, "printed");
  BURIN_CHECK(again.has_value(), "printed text does not parse");
  BURIN_CHECK(graph::print(*again) == text, "printed text changes");
  auto done = passes::run_passes(*graph, {.verify = true});
  BURIN_CHECK(done.has_value(), "a pass leaves a graph that the verifier refuses");
  return 0;
}
