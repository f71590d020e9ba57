// The interpreter: values are arrays of lanes in their C++ type, masks one byte (0 or 1) a lane.
#include "loop/interp.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/check.h"
#include "loop/interp_ops.h"

namespace burin::loop {

namespace {

class Interpreter {
 public:
  Interpreter(const Function& function, std::span<void* const> buffers,
              const InterpretOptions& options)
      : f_(function), buffers_(buffers), options_(options) {
    BURIN_CHECK(buffers.size() == f_.pointers.size(), "another number of buffers");
    size_t size = 0;
    for (Type type : f_.types) {
      places_.push_back(size);
      size += (static_cast<size_t>(lane_bytes(type.elem)) * type.lanes + 7) / 8 * 8;
    }
    storage_.resize(size);
    for (size_t i = 0; i < buffers.size(); ++i) lanes<void*>(f_.pointers[i])[0] = buffers[i];
    for (const Constant& c : f_.constants) fill(c);
  }

  void run(int64_t tile) {
    lanes<int64_t>(f_.tile)[0] = tile;
    run_region(0);
  }

 private:
  template <class T>
  T* lanes(Value v) {
    return reinterpret_cast<T*>(storage_.data() + places_[v.index]);
  }
  template <class T>
  T scalar(Value v) {
    return lanes<T>(v)[0];
  }
  const uint8_t* mask_of(Value v) { return v.valid() ? lanes<uint8_t>(v) : nullptr; }

  void fill(const Constant& c) {
    Type type = f_.type(c.value);
    auto size = static_cast<size_t>(lane_bytes(type.elem));
    for (size_t i = 0; i < type.lanes; ++i) {
      std::memcpy(lanes<std::byte>(c.value) + i * size, &c.bits, size);
    }
  }

  void copy(Value to, Value from) {
    Type type = f_.type(to);
    std::memcpy(lanes<std::byte>(to), lanes<std::byte>(from),
                static_cast<size_t>(lane_bytes(type.elem)) * type.lanes);
  }

  void run_region(RegionId id) {
    for (InstId inst : f_.regions[id].insts) {
      if (options_.max_steps > 0 && ++steps_ > options_.max_steps) throw Trap{"too many steps"};
      run_inst(f_.insts[inst]);
    }
  }

  void run_inst(const Inst& inst) {
    switch (inst.op) {
      case Op::loop: return run_loop(inst);
      case Op::branch: return run_branch(inst);
      case Op::load:
      case Op::load_splat:
      case Op::gather:
      case Op::store:
      case Op::stream:
      case Op::offset:
      case Op::prefetch: return run_memory(inst);
      default: break;
    }
    LaneArgs args;
    args.op = inst.op;
    args.result_type = f_.type({inst.result});
    args.result = lanes<void>(Value{inst.result});
    std::span<const Value> operands = f_.operands(inst);
    for (size_t i = 0; i < operands.size() && i < 3; ++i) {
      args.types[i] = f_.type(operands[i]);
      args.operands[i] = lanes<void>(operands[i]);
    }
    run_lanes(args);
  }

  void run_loop(const Inst& inst) {
    std::span<const Value> operands = f_.operands(inst);
    const Region& body = f_.regions[inst.body];
    size_t carried = operands.size() - 2;
    auto result = [&](size_t k) { return Value{inst.result + static_cast<uint32_t>(k)}; };
    for (size_t k = 0; k < carried; ++k) copy(result(k), operands[k + 2]);
    int64_t hi = scalar<int64_t>(operands[1]);
    for (int64_t i = scalar<int64_t>(operands[0]); i < hi;) {
      lanes<int64_t>(body.params[0])[0] = i;
      for (size_t k = 0; k < carried; ++k) copy(body.params[k + 1], result(k));
      run_region(inst.body);
      for (size_t k = 0; k < carried; ++k) copy(result(k), body.yields[k]);
      if (__builtin_add_overflow(i, inst.imm, &i)) return;
      if (options_.max_steps > 0 && ++steps_ > options_.max_steps) throw Trap{"too many steps"};
    }
  }

  void run_branch(const Inst& inst) {
    if (scalar<uint8_t>(f_.operands(inst)[0])) {
      run_region(inst.body);
    } else if (inst.other != kNoRegion) {
      run_region(inst.other);
    }
  }

  // Operands: base, index, mask, value.
  void run_memory(const Inst& inst) {
    std::span<const Value> operands = f_.operands(inst);
    auto at = scalar<uint64_t>(operands[0]) + static_cast<uint64_t>(int64_t{inst.disp});
    Value index = operands[1];
    if (inst.op != Op::gather && index.valid()) at += scalar<uint64_t>(index) * inst.scale;
    const uint8_t* mask = mask_of(operands[2]);
    if (inst.op == Op::offset) {
      lanes<uint64_t>(Value{inst.result})[0] = at;
    } else if (is_store(inst.op)) {
      Type type = f_.type(operands[3]);
      auto size = static_cast<size_t>(lane_bytes(type.elem));
      for (size_t i = 0; i < type.lanes; ++i) {
        if (mask && !mask[i]) continue;
        std::memcpy(touch(at + i * size, size), lanes<std::byte>(operands[3]) + i * size, size);
      }
    } else if (inst.op != Op::prefetch) {
      run_load(inst, at, index, mask);
    }
  }

  void run_load(const Inst& inst, uint64_t at, Value index, const uint8_t* mask) {
    Value result{inst.result};
    Type type = f_.type(result);
    auto size = static_cast<size_t>(lane_bytes(type.elem));
    for (size_t i = 0; i < type.lanes; ++i) {
      std::byte* lane = lanes<std::byte>(result) + i * size;
      if (mask && !mask[i]) {
        std::memset(lane, 0, size);
        continue;
      }
      uint64_t place = at;
      if (inst.op == Op::load) place += i * size;
      if (inst.op == Op::gather) place += gather_index(index, i) * inst.scale;
      std::memcpy(lane, touch(place, size), size);
    }
  }

  uint64_t gather_index(Value index, size_t lane) {
    if (f_.type(index).elem == Elem::i64) return lanes<uint64_t>(index)[lane];
    return static_cast<uint64_t>(int64_t{lanes<int32_t>(index)[lane]});
  }

  // The memory at an address, after the bounds check.
  void* touch(uint64_t at, size_t bytes) {
    auto* p = reinterpret_cast<void*>(at);
    if (options_.accessible.empty()) return p;
    for (size_t i = 0; i < buffers_.size(); ++i) {
      auto from_start = static_cast<int64_t>(at - reinterpret_cast<uint64_t>(buffers_[i]));
      ByteRange may = options_.accessible[i];
      if (from_start >= may.begin && from_start + static_cast<int64_t>(bytes) <= may.end) return p;
    }
    throw Trap{"an access of " + std::to_string(bytes) + " bytes outside the buffers" + place(at)};
  }

  // Where an address lies relative to the buffer it is closest to.
  std::string place(uint64_t at) const {
    size_t nearest = 0;
    int64_t best = std::numeric_limits<int64_t>::max();
    for (size_t i = 0; i < buffers_.size(); ++i) {
      auto from_start = static_cast<int64_t>(at - reinterpret_cast<uint64_t>(buffers_[i]));
      if (std::abs(from_start) >= best) continue;
      best = std::abs(from_start);
      nearest = i;
    }
    if (buffers_.empty()) return "";
    auto from_start = static_cast<int64_t>(at - reinterpret_cast<uint64_t>(buffers_[nearest]));
    return ", at byte " + std::to_string(from_start) + " of pointer " + std::to_string(nearest) +
           ", where " + std::to_string(options_.accessible[nearest].begin) + " to " +
           std::to_string(options_.accessible[nearest].end) + " may be touched";
  }

  const Function& f_;
  std::span<void* const> buffers_;
  const InterpretOptions& options_;
  std::vector<size_t> places_;  // of each value in storage_
  std::vector<std::byte> storage_;
  int64_t steps_ = 0;
};

}  // namespace

std::expected<void, Diagnostic> interpret(const Function& function, std::span<void* const> buffers,
                                          int64_t tile, const InterpretOptions& options) {
  try {
    Interpreter(function, buffers, options).run(tile);
  } catch (const Trap& trap) {
    return fail("kernel " + function.name, trap.reason);
  }
  return {};
}

}  // namespace burin::loop
