// Which bytes of its buffers a kernel may touch, for some of its tiles: interval arithmetic over
// the addresses of a loop function. What the intervals cannot tell is all of a buffer. The runtime
// needs it to know which tiles may run before all of the kernel in front are done.
#pragma once

#include <cstdint>
#include <vector>

#include "base/byte_range.h"
#include "loop/advance.h"
#include "loop/function.h"

namespace burin::loop {

// Ends of ranges that are not known; no buffer is as large.
inline constexpr int64_t kFarByte = int64_t{1} << 60;

// A range relative to a pointer: every byte that tiles read or write behind it lies in the range,
// not every byte of the range is touched. Prefetches do not count.
struct Touched {
  ByteRange bytes;
  bool written = false;
};

class Footprint {
 public:
  // `function` has passed loop/verify.h and outlives this.
  explicit Footprint(const Function& function);

  // For each pointer, what tiles [first, end) may touch.
  std::vector<Touched> of_tiles(int64_t first, int64_t end);

 private:
  struct Interval {
    int64_t lo = -kFarByte, hi = kFarByte;  // both included
  };
  static constexpr int32_t kNoBuffer = -1;
  // An address: an interval from the start of a buffer. For an integer only the interval counts,
  // for a mask `hi` is how many lanes may be on, all of them in front.
  struct Known {
    Interval range;
    int32_t buffer = kNoBuffer;
  };
  // Loads or stores from one base: bytes [begin, end) behind it.
  struct Access {
    Value base, index, mask;
    uint8_t scale = 1;
    bool anywhere = false;  // in the buffer
    bool writes = false;
    ByteRange bytes;
    int64_t lane_bytes = 1;  // of a masked one
  };
  // What of a region matters for addresses, in order.
  struct Item {
    InstId inst = 0;
    Access access;  // if its base is valid; else `inst` counts
  };

  void collect(RegionId region);
  void collect_access(RegionId region, const Inst& inst);
  bool matters(const Inst& inst) const;
  void walk(RegionId region);
  void walk_loop(const Inst& inst);
  Interval per_turn(const Advance& advance) const;
  void compute(const Inst& inst);
  Interval arithmetic(const Inst& inst) const;
  void touch(const Access& access);
  const Interval& range(Value v) const { return known_[v.index].range; }

  const Function& f_;
  const Advances advances_;
  std::vector<std::vector<Item>> items_;  // by region
  std::vector<size_t> latest_;            // by base: its last item in a region, while collecting
  std::vector<Known> known_;              // by value
  std::vector<Touched> touched_;          // by pointer
  bool escaped_ = false;                  // an address of no known buffer was touched
};

}  // namespace burin::loop
