// Three digits or so.
#include "base/units.h"

#include <fmt/format.h>

namespace burin {

std::string human_bytes(double bytes) {
  const char* unit = "B";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (bytes < 1024) break;
    bytes /= 1024;
    unit = next;
  }
  return fmt::format("{:.{}f} {}", bytes, *unit == 'B' || bytes >= 100 ? 0 : 1, unit);
}

std::string human_seconds(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.1f} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.{}f} ms", seconds * 1e3, seconds < 0.1 ? 2 : 1);
  return fmt::format("{:.2f} s", seconds);
}

std::string human_count(double count) {
  const char* prefix = "";
  for (const char* next : {"k", "M", "G", "T"}) {
    if (count < 1000) break;
    count /= 1000;
    prefix = next;
  }
  return fmt::format("{:.{}f} {}", count,
                     count >= 100 || !*prefix ? 0
                     : count >= 10            ? 1
                                              : 2,
                     prefix);
}

}  // namespace burin
