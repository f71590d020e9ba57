// The text form of a loop function, which loop/parse.h reads back:
//
//   kernel "scale"(%0, %1, tile %2) {
//     %3: f32x8 = loop %4 = i64(0) to i64(64) step 8 carry %5 = f32x8(0) {
//       %6: m32x8 = first_n %4
//       %7: f32x8 = load [%0 + %4*4 - 16], mask %6
//       %8: f32x8 = fma %7, f32x8(1.5), %5 !12
//       yield %8
//     }
//     branch m8(1) {
//       store %3, [%1]
//     } else {
//       prefetch [%0]
//     }
//   }
//
// Values are numbered in the order of the text; literals stand where they are used, as
// type(number) or type(bits 0x...); !n is the index of the graph source. Printing what was parsed
// gives the same text.
#pragma once

#include <string>

#include "loop/function.h"

namespace burin::loop {

// The function must have passed loop/verify.h.
std::string print(const Function& function);

}  // namespace burin::loop
