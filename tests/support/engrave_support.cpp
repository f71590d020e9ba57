// Engraving, running and listing for tests.
#include "tests/support/engrave_support.h"

#include <gtest/gtest.h>

#include <sstream>

#include "runtime/code_pages.h"

namespace burin::isa {

namespace {

std::vector<std::string> lines_of(const std::string& listing) {
  std::vector<std::string> lines;
  std::istringstream in(listing);
  for (std::string line; std::getline(in, line);) {
    line.erase(0, line.find_first_not_of(' '));
    lines.push_back(line.substr(0, line.find(';')));
  }
  return lines;
}

std::string first_word(const std::string& line) { return line.substr(0, line.find(' ')); }

}  // namespace

Target target_named(std::string_view name) {
  constexpr std::string_view kShared = " shared";
  bool shared = name.ends_with(kShared);
  if (shared) name.remove_suffix(kShared.size());
  Result<Target> target = target_from_name(name);
  EXPECT_TRUE(target) << (target ? "" : target.error().text());
  if (!target) return {};
  if (shared) target->shared_front_end = true;
  return *target;
}

std::vector<Target> runnable_targets() {
  std::vector<Target> targets;
  for (const char* name : {"avx2", "avx512"}) {
    Target target = target_named(name);
    if (can_run(target)) targets.push_back(target);
  }
  if (targets.size() < 2) return targets;
  Target other = targets.back();
  other.name += " of the other maker";
  other.fetches_far = !other.fetches_far;
  other.shared_front_end = !other.shared_front_end;
  other.machine.splits_indexed = !other.machine.splits_indexed;
  targets.push_back(other);
  return targets;
}

Code engrave_or_fail(const loop::Function& function, const Target& target) {
  EngraveOptions options;
  options.listing = true;
  Result<Code> code = engrave(function, target, options);
  EXPECT_TRUE(code) << (code ? "" : code.error().text());
  return code ? *code : Code{};
}

void run_code(const Code& code, const std::vector<void*>& buffers, int64_t tile) {
  Result<runtime::CodePages> pages = runtime::CodePages::create(code.bytes);
  ASSERT_TRUE(pages);
  pages->entry<void (*)(void* const*, int64_t)>(0)(buffers.data(), tile);
}

std::string instructions(const Code& code) {
  std::string text;
  for (const std::string& line : lines_of(code.listing)) {
    if (!line.starts_with(".")) text += line + "\n";
  }
  return text;
}

std::map<std::string, int> mnemonics(const Code& code) {
  std::map<std::string, int> counts;
  for (const std::string& line : lines_of(code.listing)) ++counts[first_word(line)];
  return counts;
}

std::vector<std::string> inner_loop(const Code& code) {
  std::vector<std::string> lines = lines_of(code.listing);
  std::map<std::string, size_t> labels;
  std::vector<std::string> best;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    if (!line.empty() && line.back() == ':') labels[line.substr(0, line.size() - 1)] = i;
    if (line.empty() || line[0] != 'j') continue;
    std::string aim = line.substr(line.find_last_of(' ', line.find_last_not_of(' ')) + 1);
    aim = aim.substr(0, aim.find(' '));
    auto head = labels.find(aim);
    if (head == labels.end()) continue;
    std::vector<std::string> body(lines.begin() + static_cast<std::ptrdiff_t>(head->second) + 1,
                                  lines.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    if (best.empty() || body.size() < best.size()) best = body;
  }
  return best;
}

int count_lines(const std::vector<std::string>& lines, std::string_view mnemonic,
                std::string_view text) {
  int count = 0;
  for (const std::string& line : lines) {
    count += line.starts_with(mnemonic) && line.find(text) != std::string::npos;
  }
  return count;
}

loop::Function gemm_tile(const loop::Machine& machine, int rows, int vectors, int64_t depth,
                         loop::Real (*epilogue)(loop::Real)) {
  loop::Builder b("gemm_tile", 3);
  uint16_t lanes = machine.lanes(loop::Elem::f32);
  loop::Type vec{loop::Elem::f32, lanes};
  std::vector<loop::Value> zeros(static_cast<size_t>(rows * vectors), b.real(vec, 0));
  auto sums = b.loop(
      b.index(0), b.index(depth), 1, zeros, [&](loop::Value k, std::span<const loop::Value> acc) {
        std::vector<loop::Value> columns, next;
        loop::Value row = b.mul(k, b.index(int64_t{vectors} * lanes));
        for (int v = 0; v < vectors; ++v) {
          columns.push_back(b.load(vec, {b.pointer(1), row, 4, int64_t{v} * lanes * 4}));
        }
        for (int r = 0; r < rows; ++r) {
          loop::Value a = b.load_splat(vec, {b.pointer(0), k, 4, r * depth * 4});
          for (int v = 0; v < vectors; ++v) {
            next.push_back(b.fma(a, columns[static_cast<size_t>(v)],
                                 acc[static_cast<size_t>(r * vectors + v)]));
          }
        }
        return next;
      });
  for (size_t i = 0; i < sums.size(); ++i) {
    loop::Value result = epilogue ? epilogue({b, sums[i]}).value() : sums[i];
    b.store(result, {b.pointer(2), {}, 1, static_cast<int64_t>(i) * lanes * 4});
  }
  return b.finish();
}

}  // namespace burin::isa
