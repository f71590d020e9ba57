// What follows the accumulators of a register tile: the epilogue's expression, stores, and sums.
#include "lower/kernels/machine_model.h"
#include "lower/kernels/nest.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

class EpilogueEmitter {
 public:
  EpilogueEmitter(Builder& b, const MicroTile& tile, std::span<const Value> acc)
      : b_(b), nest_(tile.nest), tile_(tile), acc_(acc) {
    views_ = emit_bases(b, nest_.epilogue.views, tile.index);
    outputs_ = emit_bases(b, nest_.outputs, tile.index);
    point_.index = tile.index;
    point_.extra.assign(tile.index.size(), 0);
    point_.lane_axis = static_cast<int>(tile.index.size()) - 1;
    point_.lanes = nest_.lanes;
    point_.bases = views_;
    point_.aligned = nest_.streams;  // panels begin at whole vectors
  }

  void emit() {
    if (!nest_.sums.empty()) return down_columns();
    for (int64_t r = 0; r < tile_.segment.rows; ++r) {
      for (int64_t v = 0; v < tile_.vectors; ++v) store(r, v);
    }
  }

 private:
  // Returns what the expression gives beyond what is stored.
  std::vector<Value> store(int64_t row, int64_t vector) {
    point_.extra.end()[-2] = row;
    point_.extra.back() = vector * nest_.lanes;
    point_.mask = vector + 1 == tile_.vectors ? tile_.mask : Value{};
    auto acc = acc_.subspan(static_cast<size_t>(row * tile_.vectors + vector), 1);
    std::vector<Value> results = emit_expr(b_, nest_.epilogue, point_, acc);
    for (size_t r = 0; r < outputs_.size(); ++r) {
      emit_store(b_, nest_.outputs[r], point_, outputs_[r], results[r]);
    }
    return {results.begin() + static_cast<std::ptrdiff_t>(outputs_.size()), results.end()};
  }

  // One vector of channels after the other, so that few sums are in registers at a time.
  void down_columns() {
    std::vector<Value> places = emit_bases(b_, nest_.sums, tile_.index);
    for (int64_t v = 0; v < tile_.vectors; ++v) {
      std::vector<Value> sums = store(0, v);
      for (int64_t r = 1; r < tile_.segment.rows; ++r) {
        std::vector<Value> more = store(r, v);
        for (size_t s = 0; s < sums.size(); ++s) sums[s] = b_.add(sums[s], more[s]);
      }
      for (size_t s = 0; s < sums.size(); ++s) {
        loop::Address at{places[s], {}, 1, v * nest_.lanes * kF32Bytes};
        Value before = b_.load(b_.type(sums[s]), at, point_.mask);
        b_.store(b_.add(before, sums[s]), at, point_.mask);
      }
    }
  }

  Builder& b_;
  const Nest& nest_;
  const MicroTile& tile_;
  std::span<const Value> acc_;
  std::vector<Value> views_, outputs_;
  Point point_;
};

}  // namespace

void emit_epilogue(Builder& b, const MicroTile& tile, std::span<const Value> acc) {
  EpilogueEmitter(b, tile, acc).emit();
}

}  // namespace burin::lower
