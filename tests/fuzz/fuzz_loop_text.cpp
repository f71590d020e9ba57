// libFuzzer on the loop IR's parser: any text gives a function that passed the verifier or a
// one-line Diagnostic. What parses must print, and its text must parse to the same text again.
// Seeds: tests/loop/text.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "loop/parse.h"
#include "loop/print.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace burin;
  auto function = loop::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!function) {
    BURIN_CHECK(function.error().text().find('\n') == std::string::npos, "several lines");
    BURIN_CHECK(!function.error().reason.empty(), "a diagnostic without a reason");
    return 0;
  }
  std::string text = loop::print(*function);
  auto again = loop::parse(text, "printed");
  BURIN_CHECK(again.has_value(), "printed text does not parse");
  BURIN_CHECK(loop::print(*again) == text, "printed text changes");
  return 0;
}
