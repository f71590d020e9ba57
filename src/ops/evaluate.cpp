// Strided copies and the matrix product of the evaluator.
#include "ops/evaluate.h"

#include <algorithm>

namespace burin::ops {

Array view_of(const Array& x, TensorType type, int64_t offset, const Dims& strides) {
  Array out = make_array(std::move(type));
  const Shape& shape = out.type.shape;
  int64_t length = row_length(shape), stride = row_stride(strides);
  auto copy = [&](const auto& from, auto& to) {
    auto next = to.begin();
    for_each_row<1>(shape, {offset}, {strides}, [&](std::array<int64_t, 1> at) {
      for (int64_t n = 0; n < length; ++n) *next++ = from[static_cast<size_t>(at[0] + n * stride)];
    });
  };
  if (is_float(x.type.dtype))
    copy(x.f, out.f);
  else
    copy(x.i, out.i);
  return out;
}

void wrap_values(Array& x) {
  for (int64_t& value : x.i) value = graph::wrap_to(x.type.dtype, value);
}

namespace {

constexpr int64_t kRows = 4, kColumns = 4, kDepth = 64;

template <class T>
void multiply_tile(const MatrixProduct<T>& p, int64_t row, int64_t column) {
  T sum[kRows][kColumns] = {};
  const T* a = p.a + row * p.a_row;
  const T* b = p.b + column;
  for (int64_t k = 0; k < p.k; ++k, a += p.a_column, b += p.b_row) {
    for (int64_t i = 0; i < kRows; ++i) {
      T factor = a[i * p.a_row];
      for (int64_t j = 0; j < kColumns; ++j) sum[i][j] += factor * b[j];
    }
  }
  for (int64_t i = 0; i < kRows; ++i) {
    T* c = p.c + (row + i) * p.c_row + column;
    for (int64_t j = 0; j < kColumns; ++j) c[j] += sum[i][j];
  }
}

// Rows that fill no tile: row by row of b.
template <class T>
void multiply_row(const MatrixProduct<T>& p, int64_t row, int64_t first_column) {
  T* c = p.c + row * p.c_row;
  for (int64_t k = 0; k < p.k; ++k) {
    T factor = p.a[row * p.a_row + k * p.a_column];
    const T* b = p.b + k * p.b_row;
    for (int64_t n = first_column; n < p.n; ++n) c[n] += factor * b[n];
  }
}

template <class T>
void multiply_block(const MatrixProduct<T>& p) {
  int64_t rows = p.m / kRows * kRows, columns = p.n / kColumns * kColumns;
  for (int64_t column = 0; column < columns; column += kColumns) {
    for (int64_t row = 0; row < rows; row += kRows) multiply_tile(p, row, column);
  }
  for (int64_t row = 0; row < p.m; ++row) {
    multiply_row(p, row, row < rows ? columns : 0);
  }
}

// In blocks of k, so that the part of b in use stays in the caches.
template <class T>
void multiply(const MatrixProduct<T>& p) {
  for (int64_t first = 0; first < p.k; first += kDepth) {
    MatrixProduct<T> block = p;
    block.a += first * p.a_column;
    block.b += first * p.b_row;
    block.k = std::min(kDepth, p.k - first);
    multiply_block(block);
  }
}

}  // namespace

void multiply_add(const MatrixProduct<double>& product) { multiply(product); }
void multiply_add(const MatrixProduct<uint64_t>& product) { multiply(product); }

}  // namespace burin::ops
