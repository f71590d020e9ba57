// Escapes, and what several parts say alike.
#include <fmt/format.h>

#include "base/units.h"
#include "report/parts.h"

namespace burin::report {

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default:
        if (static_cast<unsigned char>(c) >= ' ' || c == '\n') out += c;
    }
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

// RFC 4648.
std::string base64(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t left = bytes.size() - i;
    uint32_t group = static_cast<uint32_t>(bytes[i]) << 16;
    if (left > 1) group |= static_cast<uint32_t>(bytes[i + 1]) << 8;
    if (left > 2) group |= bytes[i + 2];
    for (size_t k = 0; k < 4; ++k) out += k <= left ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string_view class_of(driver::Bound bound) {
  switch (bound) {
    case driver::Bound::compute: return "compute";
    case driver::Bound::l2: return "l2";
    case driver::Bound::l3: return "l3";
    case driver::Bound::memory: return "memory";
  }
  __builtin_unreachable();
}

std::string tooltip(const Subject& subject, size_t step) {
  const runtime::Step& s = subject.compiled.program.steps[step];
  const driver::KernelTime& k = subject.profile.kernels[step];
  std::string rate = s.flops > 0 ? fmt::format("{:.1f} GFLOP/s, ", s.flops / k.seconds / 1e9) : "";
  return fmt::format(
      "{}\n{} ({:.1f} % of all), {:.0f} % of its roof, which is {}\n{}{:.1f} GB/s\n{}", s.name,
      human_seconds(k.seconds), 100 * k.seconds / subject.profile.kernel_seconds(), 100 * k.share(),
      driver::name_of(k.roof.bound), rate, s.bytes / k.seconds / 1e9, s.algorithm);
}

}  // namespace burin::report
