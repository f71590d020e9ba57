// Figures for people.
#pragma once

#include <string>

namespace burin {

// 1536 -> "1.5 KiB"
std::string human_bytes(double bytes);
// 0.00123 -> "1.23 ms"
std::string human_seconds(double seconds);
// 1.23e9 -> "1.23 G"; a unit follows.
std::string human_count(double count);

}  // namespace burin
