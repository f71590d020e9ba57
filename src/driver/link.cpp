// Places and bytes.
#include "driver/link.h"

#include <cstring>

#include "base/checked.h"

namespace burin::driver {

namespace {

constexpr size_t kCopied = 8 << 20;  // bytes of a constant that are copied at a time

using lower::Buffer;
using lower::BufferId;

// Constants lie one after the other in the order of their buffers.
IdVector<BufferId, int64_t> constant_offsets(const lower::Lowered& lowered, int64_t* total) {
  IdVector<BufferId, int64_t> offsets(lowered.buffers.size(), -1);
  int64_t at = 0;
  for (size_t i = 0; i < lowered.buffers.size(); ++i) {
    const Buffer& buffer = lowered.buffers[BufferId(i)];
    if (buffer.kind != Buffer::Kind::constant) continue;
    offsets[BufferId(i)] = at;
    at += round_up(buffer.bytes, lower::kBufferAlignment);
  }
  *total = at;
  return offsets;
}

runtime::Place place_of(const Buffer& buffer, int64_t arena_offset, int64_t constant_offset,
                        int64_t use_offset) {
  using Kind = runtime::Place::Kind;
  switch (buffer.kind) {
    case Buffer::Kind::temporary: return {Kind::arena, 0, arena_offset + use_offset};
    case Buffer::Kind::scratch: return {Kind::scratch, 0, arena_offset + use_offset};
    case Buffer::Kind::constant: return {Kind::constant, 0, constant_offset + use_offset};
    case Buffer::Kind::input: return {Kind::input, buffer.port, use_offset};
    case Buffer::Kind::output: return {Kind::output, buffer.port, use_offset};
  }
  __builtin_unreachable();
}

// "not depthwise: strides; not winograd: dilated"
std::string reason_of(const lower::Kernel& kernel) {
  std::string out;
  for (const lower::Refusal& r : kernel.refused) {
    out += (out.empty() ? "not " : "; not ") + r.method + ": " + r.reason;
  }
  return out;
}

}  // namespace

int64_t constant_bytes(const lower::Lowered& lowered) {
  int64_t bytes = 0;
  constant_offsets(lowered, &bytes);
  return bytes;
}

void link(const lower::Lowered& lowered, std::span<const isa::Code> codes,
          std::span<const uint32_t> code_of, runtime::Program& program) {
  for (const isa::Code& code : codes) {
    auto offset = static_cast<size_t>(round_up(static_cast<int64_t>(program.code.size()), 64));
    program.code.resize(offset, 0xcc);  // int3 between kernels
    program.kernels.push_back(
        {static_cast<int64_t>(offset), static_cast<int64_t>(code.bytes.size())});
    program.code.insert(program.code.end(), code.bytes.begin(), code.bytes.end());
  }
  for (size_t k = 0; k < lowered.kernels.size(); ++k) {
    const lower::Kernel& kernel = lowered.kernels[k];
    runtime::Step step;
    step.kernel = code_of[k];
    step.tiles = kernel.tiles;
    step.name = kernel.name, step.algorithm = kernel.algorithm;
    step.flops = kernel.flops, step.performed = kernel.performed;
    step.bytes = kernel.bytes, step.weight_bytes = kernel.weight_bytes;
    step.reason = reason_of(kernel);
    for (auto [node, index] : kernel.results) {
      auto buffer = static_cast<size_t>(index);
      step.results.push_back({node.index, buffer, -kernel.buffers[buffer].offset});
    }
    program.steps.push_back(std::move(step));
  }
}

void place_buffers(const lower::Lowered& lowered, const lower::MemoryPlan& plan,
                   runtime::Program& program) {
  program.arena_bytes = plan.arena_bytes;
  program.scratch_bytes = plan.scratch_bytes;
  int64_t ignored = 0;
  auto offsets = constant_offsets(lowered, &ignored);
  for (size_t k = 0; k < lowered.kernels.size(); ++k) {
    std::vector<runtime::Place>& places = program.steps[k].buffers;
    places.clear();
    for (const lower::BufferUse& use : lowered.kernels[k].buffers) {
      places.push_back(place_of(lowered.buffers[use.buffer], plan.offsets[use.buffer],
                                offsets[use.buffer], use.offset));
    }
  }
}

void name_ports(const graph::Graph& graph, runtime::Program& program) {
  program.name = graph.name;
  for (const graph::Port& port : graph.inputs) {
    program.inputs.push_back({port.name, graph.type(port.node)});
  }
  for (const graph::Port& port : graph.outputs) {
    program.outputs.push_back({port.name, graph.type(port.node)});
  }
}

std::vector<ConstantWriter> constant_writers(const lower::Lowered& lowered,
                                             runtime::Program& program) {
  auto offsets = constant_offsets(lowered, &program.constant_bytes);
  program.constants = allocate_bytes(program.constant_bytes);
  std::vector<ConstantWriter> writers;
  for (size_t i = 0; i < lowered.buffers.size(); ++i) {
    if (offsets[BufferId(i)] < 0) continue;
    const Buffer& buffer = lowered.buffers[BufferId(i)];
    std::byte* out = program.constants.get() + offsets[BufferId(i)];
    if (buffer.fill) {
      for (int64_t part = 0; part < buffer.fill.parts; ++part) {
        writers.push_back({buffer.bytes / buffer.fill.parts,
                           [&buffer, out, part] { buffer.fill.write(out, part); }});
      }
      continue;
    }
    std::span<const std::byte> from = buffer.constant.bytes();
    for (size_t at = 0; at < from.size(); at += kCopied) {
      auto piece = from.subspan(at, std::min(kCopied, from.size() - at));
      writers.push_back({static_cast<int64_t>(piece.size()),
                         [piece, to = out + at] { std::memcpy(to, piece.data(), piece.size()); }});
    }
  }
  return writers;
}

}  // namespace burin::driver
