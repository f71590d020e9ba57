// Small arithmetic on axes and permutations that several passes need.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "tensor/shape.h"

namespace burin::passes {

inline size_t to_index(int64_t axis) { return static_cast<size_t>(axis); }

// 0, 1, ..., rank - 1
inline Dims identity_dims(size_t rank) {
  Dims dims(rank);
  std::iota(dims.begin(), dims.end(), int64_t{0});
  return dims;
}

inline bool is_identity(const Dims& perm) {
  for (size_t i = 0; i < perm.size(); ++i) {
    if (perm[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

// inverse[perm[i]] = i
inline Dims inverse(const Dims& perm) {
  Dims out(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) out[to_index(perm[i])] = static_cast<int64_t>(i);
  return out;
}

// out[i] = values[perm[i]]; as a permutation: transposing by `values`, then by `perm`.
inline Dims permuted(const Dims& values, const Dims& perm) {
  Dims out(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) out[i] = values[to_index(perm[i])];
  return out;
}

inline bool contains(const Dims& dims, int64_t axis) {
  return std::find(dims.begin(), dims.end(), axis) != dims.end();
}

// Whether padding and cropping amounts are so small that arithmetic on them cannot overflow.
inline bool are_moderate(const Dims& amounts) {
  return std::all_of(amounts.begin(), amounts.end(),
                     [](int64_t a) { return a >= -kMaxElements && a <= kMaxElements; });
}

// The dimensions other than 1.
inline Dims squeezed(const Dims& dims) {
  Dims out;
  std::copy_if(dims.begin(), dims.end(), std::back_inserter(out), [](int64_t d) { return d != 1; });
  return out;
}

// Whether a transpose changes nothing in memory: the axes larger than 1 keep their order.
inline bool moves_only_units(const Dims& perm, const Shape& from) {
  int64_t last = -1;
  for (int64_t axis : perm) {
    if (from[to_index(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

// How a reshape regroups the axes that are larger than 1: each group of axes of `from` becomes a
// group of axes of `to` with the same product. Both must have equally many elements, not 0.
struct AxisGroup {
  Dims from, to;
};
std::vector<AxisGroup> regroup(const Shape& from, const Shape& to);

}  // namespace burin::passes
