// The arena over a run: each buffer a block, as high as its bytes, as wide as its life.
#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "report/parts.h"
#include "report/svg.h"

namespace burin::report {

namespace {

constexpr double kArenaWidth = 1120, kArenaHeight = 260, kArenaLeft = 64, kArenaRight = 24,
                 kArenaTop = 10, kArenaBottom = 34;
constexpr int kTints = 4;

}  // namespace

std::string arena_part(const Subject& subject) {
  const runtime::Program& program = subject.compiled.program;
  const auto& buffers = subject.compiled.intermediates->buffers;
  if (program.arena_bytes == 0) return "<p class='note'>No memory between kernels is needed.</p>\n";
  double step =
      (kArenaWidth - kArenaLeft - kArenaRight) / static_cast<double>(program.steps.size());
  double byte =
      (kArenaHeight - kArenaTop - kArenaBottom) / static_cast<double>(program.arena_bytes);
  std::string out = svg_head(kArenaWidth, kArenaHeight, "memory arena");
  for (int part = 0; part <= 4; ++part) {
    double y = kArenaHeight - kArenaBottom - (kArenaHeight - kArenaTop - kArenaBottom) * part / 4;
    out += svg_line("grid", kArenaLeft, y, kArenaWidth - kArenaRight, y);
    out += svg_text("tick end", kArenaLeft - 8, y + 4,
                    human_bytes(static_cast<double>(program.arena_bytes) * part / 4));
  }
  double sum = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const driver::ArenaBuffer& b = buffers[i];
    sum += static_cast<double>(b.bytes);
    double height = std::max(static_cast<double>(b.bytes) * byte, 0.8);
    double y = kArenaHeight - kArenaBottom - static_cast<double>(b.offset) * byte - height;
    out += fmt::format(
        "<rect class='block t{}' x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}'><title>{} at "
        "{}, from {} to {}</title></rect>\n",
        i % kTints, kArenaLeft + static_cast<double>(b.first) * step, y,
        static_cast<double>(b.last - b.first + 1) * step, height,
        human_bytes(static_cast<double>(b.bytes)), human_bytes(static_cast<double>(b.offset)),
        escaped(program.steps[b.first].name), escaped(program.steps[b.last].name));
  }
  out += fmt::format(
      "<text class='axis middle' x='{:.0f}' y='{}'>kernels, in the order they run</text>\n</svg>\n",
      (kArenaLeft + kArenaWidth - kArenaRight) / 2, kArenaHeight - 8);
  return out + fmt::format("<p class='note'>{} buffers of {} together share an arena of {}.</p>\n",
                           buffers.size(), human_bytes(sum),
                           human_bytes(static_cast<double>(program.arena_bytes)));
}

}  // namespace burin::report
