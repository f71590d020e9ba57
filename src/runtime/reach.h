// What steps may touch, as ranges of bytes that can be compared between steps.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "runtime/program.h"
#include "runtime/stage.h"

namespace burin::runtime {

// Of one buffer of a step. Two of the same memory may overlap, two of others never do.
struct BufferReach {
  Place::Kind kind = Place::Kind::arena;
  uint32_t index = 0;
  bool writes = false;
  std::array<ByteRange, kStepParts> parts;  // as Touch has them, from the memory's begin on

  bool same_memory(const BufferReach& other) const {
    return kind == other.kind && index == other.index;
  }
  // What some tiles of a step of `tiles` touch: all parts that hold one of them.
  ByteRange of(const TileRange& range, int64_t tiles) const;
};

struct StepReach {
  bool known = false;  // else any tile may touch anything
  int64_t tiles = 0;
  std::vector<BufferReach> buffers;  // without scratch memory, which is never shared
};

StepReach reach_of(const Step& step);
// The same with its buffers at other places.
StepReach reach_of(const Step& step, std::span<const Place> places);

// What some tiles of a step touch of a buffer.
struct Access {
  const BufferReach* buffer = nullptr;  // of the step
  ByteRange bytes;
};

// Of the tiles of a range, constants apart.
std::vector<Access> accesses_of(const StepReach& step, const TileRange& range);

// Whether one of the two writes what the other touches.
bool conflict(const BufferReach& a, const ByteRange& of_a, const BufferReach& b,
              const ByteRange& of_b);
bool conflict(std::span<const Access> some, std::span<const Access> others);

}  // namespace burin::runtime
