// Squares of 4 x 4 elements of 32 bits, turned in registers: where rows are read along one axis and
// written along another, that takes a tenth of the time of gathering them.
#pragma once

#include <array>

#include "lower/kernels/turned.h"

namespace burin::lower {

inline constexpr int64_t kSquareSide = 4;

using Square = std::array<loop::Value, kSquareSide>;

// Rows of four lanes as columns.
Square transpose(loop::Builder& b, const Square& rows);

// Whether a turned job can go by squares along its lanes and its last axis. Where the last axis is
// no multiple of four, the last square lies over the one in front of it.
bool goes_by_squares(const Turned& turned);
bool overlaps_squares(const Turned& turned);

// `count` squares side by side along the lanes, from the index on. `bases` are the addresses of the
// job's views and then of its outputs, at the indices but that of the last axis.
void emit_squares(loop::Builder& b, const Turned& turned, std::span<const loop::Value> index,
                  std::span<const loop::Value> bases, int count);

}  // namespace burin::lower
