// What a kernel may know of the machine it is generated for: sizes and rates, never a name.
#pragma once

#include <cstdint>

#include "loop/type.h"

namespace burin::loop {

struct Machine {
  int vector_bits = 256;
  int vector_registers = 16;
  bool lane_masks = false;      // masked loads and stores cost nothing extra
  bool splat_operands = false;  // fma takes a splat from memory as an operand
  int64_t l1_bytes = 32 << 10;
  int64_t l2_bytes = 512 << 10;
  int64_t l3_bytes = 8 << 20;
  bool splits_indexed = false;   // an fma whose operand has an index is two to the front end
  double cycles_per_line = 2.6;  // to fetch a line from the second-level cache and write it whole

  // Lanes of a full vector of the element.
  uint16_t lanes(Elem elem) const { return static_cast<uint16_t>(vector_bits / bits_of(elem)); }
};

}  // namespace burin::loop
