// What the emitter must know before it writes the first instruction: where values die, which loads
// and address computations disappear into memory operands, what is dead, and in which order a
// region is emitted (loads move down to their first user, which keeps register pressure low).
#pragma once

#include <cstdint>
#include <vector>

#include "isa/target.h"
#include "loop/function.h"

namespace burin::isa::x86 {

// base + index * scale + disp after folding offsets and index arithmetic into it.
struct MemoryOperand {
  loop::Value base, index;
  uint8_t scale = 1;
  int32_t disp = 0;
};

struct InstFacts {
  uint32_t position = 0;  // in emission order; uses outside loops compare by it
  uint32_t end = 0;       // loops: the position behind the body
  loop::RegionId region = 0;
  uint32_t epoch = 0;  // of memory: changes with each store and each nested region
  int8_t folded = -1;  // which operand is read straight from memory
  bool skip = false;   // dead, or folded into what reads it
  MemoryOperand address;
};

struct Analysis {
  static constexpr loop::InstId kNoInst = ~0u;
  static constexpr uint32_t kNoConstant = ~0u;

  std::vector<loop::InstId> definition;  // per value; kNoInst for parameters and literals
  std::vector<loop::RegionId> home;      // per value: the region that defines it
  std::vector<uint32_t> constant;        // per value: index of the literal
  std::vector<uint32_t> uses;            // per value: in operands and yields
  std::vector<uint32_t> last_use;        // per value: position; 0 if never read
  std::vector<InstFacts> insts;
  std::vector<std::vector<loop::InstId>> order;  // per region
  std::vector<loop::InstId> owner;               // per region: its loop or branch
  int live_vectors = 0;                          // the most vector values that live at one place

  bool is_constant(loop::Value v) const { return constant[v.index] != kNoConstant; }
};

Analysis analyse(const loop::Function& function, const Target& target);

}  // namespace burin::isa::x86
