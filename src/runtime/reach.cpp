// Places and what is touched behind them.
#include "runtime/reach.h"

namespace burin::runtime {

ByteRange BufferReach::of(const TileRange& range, int64_t tiles) const {
  ByteRange bytes;
  if (range.count == 0) return bytes;
  int64_t last = (range.end() - 1) * kStepParts / tiles;
  for (int64_t p = range.first * kStepParts / tiles; p <= last; ++p) {
    bytes.cover(parts[static_cast<size_t>(p)]);
  }
  return bytes;
}

StepReach reach_of(const Step& step) { return reach_of(step, step.buffers); }

StepReach reach_of(const Step& step, std::span<const Place> places) {
  StepReach reach{!step.touches.empty(), step.tiles, {}};
  for (size_t b = 0; b < step.touches.size(); ++b) {
    const Place& place = places[b];
    if (place.kind == Place::Kind::scratch) continue;
    BufferReach buffer{place.kind, place.index, step.touches[b].writes, step.touches[b].parts};
    for (ByteRange& part : buffer.parts) {
      if (!part.empty()) part = {part.begin + place.offset, part.end + place.offset};
    }
    reach.buffers.push_back(buffer);
  }
  return reach;
}

std::vector<Access> accesses_of(const StepReach& step, const TileRange& range) {
  std::vector<Access> accesses;
  for (const BufferReach& buffer : step.buffers) {
    ByteRange bytes = buffer.of(range, step.tiles);
    if (!bytes.empty() && buffer.kind != Place::Kind::constant)
      accesses.push_back({&buffer, bytes});
  }
  return accesses;
}

bool conflict(const BufferReach& a, const ByteRange& of_a, const BufferReach& b,
              const ByteRange& of_b) {
  return (a.writes || b.writes) && a.same_memory(b) && of_a.overlaps(of_b);
}

bool conflict(std::span<const Access> some, std::span<const Access> others) {
  for (const Access& a : some) {
    for (const Access& b : others) {
      if (conflict(*a.buffer, a.bytes, *b.buffer, b.bytes)) return true;
    }
  }
  return false;
}

}  // namespace burin::runtime
