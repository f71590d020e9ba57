// Strided copies and the matrix product of the evaluator.
#include "ops/evaluate.h"

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

constexpr int64_t kRows = 4, kColumns = 4;

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

template <class T>
void multiply_one(const MatrixProduct<T>& p, int64_t row, int64_t column) {
  T sum = 0;
  for (int64_t k = 0; k < p.k; ++k) {
    sum += p.a[row * p.a_row + k * p.a_column] * p.b[k * p.b_row + column];
  }
  p.c[row * p.c_row + column] += sum;
}

template <class T>
void multiply(const MatrixProduct<T>& p) {
  int64_t rows = p.m / kRows * kRows, columns = p.n / kColumns * kColumns;
  for (int64_t row = 0; row < rows; row += kRows) {
    for (int64_t column = 0; column < columns; column += kColumns) multiply_tile(p, row, column);
  }
  for (int64_t row = 0; row < p.m; ++row) {
    int64_t first = row < rows ? columns : 0;
    for (int64_t column = first; column < p.n; ++column) multiply_one(p, row, column);
  }
}

}  // namespace

void multiply_add(const MatrixProduct<double>& product) { multiply(product); }
void multiply_add(const MatrixProduct<uint64_t>& product) { multiply(product); }

}  // namespace burin::ops
