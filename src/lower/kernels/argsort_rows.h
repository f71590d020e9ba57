// What both argsorts read from their job: the rows to sort and how elements follow in them.
#pragma once

#include "lower/kernels/fused_job.h"
#include "lower/kernels/single.h"

namespace burin::lower {

// outer * inner rows of `size` elements; row (a, c) begins at element a * size * inner + c and its
// elements are `inner` apart.
struct SortedRows {
  explicit SortedRows(const SingleJob& job);

  int64_t count() const { return outer * inner; }
  // body(start) for the rows of this tile, `start` being a row's first element.
  void emit(loop::Builder& b, const TilePlan& tiles,
            const std::function<void(loop::Value)>& body) const;

  bool descending;
  int64_t outer, size, inner;
  View view;  // along a row, from its first element
};

}  // namespace burin::lower
