// Cases of the elementwise primitives and convert: every op on each dtype it is defined for.
#include "tests/support/op_cases.h"

namespace burin::test {

namespace {

using graph::NodeId;
using graph::Op;

struct Domain {
  Op op;
  InputRange range;
};

// Where each float function is defined and tame, and for those with poles and saddles also there.
const Domain kFloatDomains[] = {
    {Op::neg, {}},
    {Op::abs, {}},
    {Op::sign, {-1, 1, true}},
    {Op::exp, {-20, 20}},
    {Op::expm1, {-2, 2}},
    {Op::log, {0.01, 100}},
    {Op::log1p, {-0.9, 3}},
    {Op::sin, {-20, 20}},
    {Op::cos, {-20, 20}},
    {Op::tan, {-1.4, 1.4}},
    {Op::asin, {-1, 1}},
    {Op::acos, {-1, 1}},
    {Op::atan, {-10, 10}},
    {Op::sinh, {-4, 4}},
    {Op::cosh, {-4, 4}},
    {Op::asinh, {-10, 10}},
    {Op::acosh, {1.01, 20}},
    {Op::atanh, {-0.95, 0.95}},
    {Op::tanh, {-5, 5}},
    {Op::logistic, {-20, 20}},
    {Op::erf, {-3, 3}},
    {Op::sqrt, {0, 50}},
    {Op::rsqrt, {0.01, 50}},
    {Op::floor, {-5, 5}},
    {Op::ceil, {-5, 5}},
    {Op::round_nearest_even, {-5, 5}},
    {Op::is_nan, {-1, 1, true}},
    {Op::is_inf, {-1, 1, true}},
};

const Op kArithmetic[] = {Op::add, Op::sub, Op::mul, Op::div, Op::rem, Op::max, Op::min, Op::pow};
const Op kBits[] = {Op::bit_and, Op::bit_or, Op::bit_xor};
const Op kEqualities[] = {Op::eq, Op::ne};
const Op kOrders[] = {Op::lt, Op::le, Op::gt, Op::ge};
const DType kIntegers[] = {DType::i32, DType::i64, DType::u8, DType::i8, DType::u32};

struct Rows {
  std::vector<OpCase> cases;

  static std::string label(Op op, DType dtype, const Dims& dims) {
    std::string shape = Shape(dims).text();
    return std::string(name_of(op)) + "_" + std::string(name_of(dtype)) + "_" + shape;
  }
  void unary(Op op, DType dtype, Dims dims, InputRange range) {
    cases.push_back({label(op, dtype, dims), op,
                     [=](CaseBuilder& b) { return b.add(op, {b.in(dtype, dims, range)}); }});
  }
  void binary(Op op, DType dtype, Dims dims, InputRange left, InputRange right) {
    cases.push_back({label(op, dtype, dims), op, [=](CaseBuilder& b) {
                       NodeId x = b.in(dtype, dims, left);
                       return b.add(op, {x, b.in(dtype, dims, right)});
                     }});
  }
  void row(Op op, const char* name, std::function<NodeId(CaseBuilder&)> build) {
    cases.push_back({std::string(name_of(op)) + "_" + name, op, std::move(build)});
  }
};

InputRange integer_range(DType dtype) {
  return is_signed(dtype) ? InputRange{-100, 100} : InputRange{0, 200};
}

void add_unary(Rows& rows) {
  for (const auto& [op, range] : kFloatDomains) {
    rows.unary(op, DType::f32, {1}, range);
    rows.unary(op, DType::f32, {33}, range);
    rows.unary(op, DType::f32, {3, 7, 17}, range);
    rows.unary(op, DType::f64, {17}, range);
  }
  for (Op op : {Op::neg, Op::exp, Op::sqrt}) {
    rows.unary(op, DType::f16, {33}, {0, 5});
    rows.unary(op, DType::bf16, {33}, {0, 5});
  }
  for (DType dtype : kIntegers) {
    for (Op op : {Op::neg, Op::abs, Op::sign, Op::logical_not}) {
      rows.unary(op, dtype, {3, 11}, integer_range(dtype));
    }
  }
  rows.unary(Op::logical_not, DType::pred, {35}, {});
  rows.row(Op::abs, "of_neg_u8", [](CaseBuilder& b) {
    return b.abs(b.neg(b.in(DType::u8, {33}, {0, 255})));
  });
}

void add_float_binary(Rows& rows) {
  for (Op op : kArithmetic) {
    InputRange base = op == Op::pow ? InputRange{0.1, 4} : InputRange{-3, 3};
    rows.binary(op, DType::f32, {1}, base, {0.5, 3});
    rows.binary(op, DType::f32, {3, 7, 17}, base, {-3, 3});
    rows.binary(op, DType::f64, {17}, base, {-3, 3});
    rows.binary(op, DType::f16, {33}, {0.5, 3}, {1, 2});
    rows.binary(op, DType::bf16, {33}, {0.5, 3}, {1, 2});
  }
  rows.binary(Op::max, DType::f32, {5, 33}, {-1, 1, true}, {-1, 1, true});
  rows.binary(Op::min, DType::f32, {5, 33}, {-1, 1, true}, {-1, 1, true});
  for (Op op : {Op::eq, Op::ne, Op::lt, Op::le, Op::gt, Op::ge}) {
    rows.binary(op, DType::f32, {5, 33}, {-1, 1, true}, {-1, 1, true});
    rows.binary(op, DType::f64, {9}, {-1, 1, true}, {-1, 1, true});
  }
  rows.row(Op::pow, "f32_of_negatives", [](CaseBuilder& b) {
    NodeId x = b.in(DType::f32, {33}, {-3, 3});
    return b.pow(x, b.round_nearest_even(b.in(DType::f32, {33}, {-4, 4})));
  });
}

void add_integer_binary(Rows& rows) {
  for (DType dtype : kIntegers) {
    InputRange range = integer_range(dtype);
    for (Op op : kArithmetic) {
      bool steep = op == Op::pow || op == Op::div || op == Op::rem;
      InputRange right = steep ? InputRange{is_signed(dtype) ? -3.0 : 0.0, 3} : range;
      rows.binary(op, dtype, {3, 11}, range, right);
    }
    for (Op op : kBits) rows.binary(op, dtype, {3, 11}, range, range);
    InputRange few = {is_signed(dtype) ? -2.0 : 0.0, 2};
    for (Op op : kEqualities) rows.binary(op, dtype, {3, 11}, few, few);
    for (Op op : kOrders) rows.binary(op, dtype, {3, 11}, few, few);
    InputRange counts = {is_signed(dtype) ? -1.0 : 0.0, 70};
    for (Op op : {Op::shift_left, Op::shift_right}) {
      rows.binary(op, dtype, {3, 11}, range, counts);
    }
  }
  for (Op op : kBits) rows.binary(op, DType::pred, {35}, {}, {});
  for (Op op : kEqualities) rows.binary(op, DType::pred, {35}, {}, {});
}

void add_ternary(Rows& rows) {
  for (DType dtype : {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8, DType::pred}) {
    std::string name = std::string(name_of(dtype)) + "_5x7";
    rows.row(Op::select, name.c_str(), [=](CaseBuilder& b) {
      NodeId pred = b.in(DType::pred, {5, 7});
      NodeId x = b.in(dtype, {5, 7}, {0, 100});
      return b.select(pred, x, b.in(dtype, {5, 7}, {0, 100}));
    });
    if (dtype == DType::pred) continue;
    rows.row(Op::clamp, name.c_str(), [=](CaseBuilder& b) {
      NodeId low = b.in(dtype, {5, 7}, {0, 3});
      NodeId x = b.in(dtype, {5, 7}, {0, 9});
      return b.clamp(low, x, b.in(dtype, {5, 7}, {2, 7}));
    });
  }
}

// Every pair of dtypes, and two in a row; floats beyond an integer's range saturate.
void add_convert(Rows& rows) {
  constexpr DType kAll[] = {
#define X(name, ...) DType::name,
      BURIN_DTYPES(X)
#undef X
  };
  for (DType from : kAll) {
    for (DType to : kAll) {
      if (from == to) continue;
      std::string name = std::string(name_of(from)) + "_to_" + std::string(name_of(to));
      InputRange range = is_float(from) ? InputRange{-400, 400, true} : integer_range(from);
      rows.row(Op::convert, name.c_str(), [=](CaseBuilder& b) {
        return b.convert(b.in(from, {3, 13}, range), to);
      });
    }
  }
  rows.row(Op::convert, "i32_to_f64_to_u8", [](CaseBuilder& b) {
    return b.convert(b.convert(b.in(DType::i32, {33}, {-400, 400}), DType::f64), DType::u8);
  });
}

}  // namespace

std::vector<OpCase> elementwise_cases() {
  Rows rows;
  add_unary(rows);
  add_float_binary(rows);
  add_integer_binary(rows);
  add_ternary(rows);
  add_convert(rows);
  return std::move(rows.cases);
}

}  // namespace burin::test
