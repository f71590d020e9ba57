// The footprint of each part of the tiles, within the buffers.
#include "driver/touches.h"

#include "loop/footprint.h"
#include "runtime/stage.h"

namespace burin::driver {

std::vector<runtime::Touch> find_touches(const lower::Kernel& kernel) {
  using runtime::kStepParts, runtime::share_begin;
  std::vector<runtime::Touch> touches(kernel.buffers.size());
  loop::Footprint footprint(kernel.function);
  for (int64_t part = 0; part < kStepParts; ++part) {
    std::vector<loop::Touched> touched =
        footprint.of_tiles(share_begin(kernel.tiles, part, kStepParts),
                           share_begin(kernel.tiles, part + 1, kStepParts));
    for (size_t b = 0; b < touches.size(); ++b) {
      touches[b].writes |= touched[b].written;
      touches[b].parts[static_cast<size_t>(part)] = touched[b].bytes;
    }
  }
  return touches;
}

std::vector<runtime::Touch> clip_touches(std::vector<runtime::Touch> touches,
                                         const lower::Kernel& kernel,
                                         const lower::Lowered& lowered) {
  for (size_t b = 0; b < touches.size(); ++b) {
    const lower::BufferUse& use = kernel.buffers[b];
    int64_t begin = -use.offset, end = lowered.buffers[use.buffer].bytes - use.offset;
    for (ByteRange& part : touches[b].parts) {
      part = {std::max(part.begin, begin), std::min(part.end, end)};
    }
  }
  return touches;
}

}  // namespace burin::driver
