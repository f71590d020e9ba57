// Cases of gather, scatter and argsort.
#include "tests/support/op_cases.h"

namespace burin::test {

namespace {

using graph::NodeId;
using graph::Op;
using graph::ScatterKind;

// Indices beyond both ends: gather clamps them, scatter drops them.
void add_gather(std::vector<OpCase>& cases) {
  for (DType dtype : {DType::f32, DType::i64, DType::u8, DType::f64, DType::pred}) {
    for (DType index : {DType::i32, DType::i64}) {
      for (int64_t axis = 0; axis < 3; ++axis) {
        std::string name = "gather_" + std::string(name_of(dtype)) + "_by_" +
                           std::string(name_of(index)) + "_axis" + std::to_string(axis);
        cases.push_back({name, Op::gather, [=](CaseBuilder& b) {
                           NodeId x = b.in(dtype, {3, 5, 7}, {0, 9});
                           return b.gather(x, b.in(index, {2, 3}, {-2, 8}), axis);
                         }});
      }
    }
  }
  cases.push_back({"gather_one_row", Op::gather, [](CaseBuilder& b) {
                     NodeId x = b.f32({33, 17});
                     return b.gather(x, b.in(DType::i64, {}, {0, 32}), 0);
                   }});
}

void add_scatter(std::vector<OpCase>& cases) {
  constexpr ScatterKind kKinds[] = {ScatterKind::assign, ScatterKind::add, ScatterKind::mul,
                                    ScatterKind::max, ScatterKind::min};
  for (DType dtype : {DType::f32, DType::i64, DType::i32, DType::u8, DType::f64}) {
    for (ScatterKind kind : kKinds) {
      std::string name = "scatter_" + std::string(name_of(kind)) + "_";
      cases.push_back({name + std::string(name_of(dtype)), Op::scatter, [=](CaseBuilder& b) {
                         NodeId x = b.in(dtype, {5, 3, 7}, {0, 9});
                         NodeId at = b.in(DType::i64, {9}, {-1, 5});
                         return b.scatter(x, at, b.in(dtype, {9, 3, 7}, {0, 3}), kind);
                       }});
    }
  }
  cases.push_back({"scatter_assign_pred", Op::scatter, [](CaseBuilder& b) {
                     NodeId x = b.in(DType::pred, {5});
                     NodeId at = b.in(DType::i32, {3}, {0, 4});
                     return b.scatter(x, at, b.in(DType::pred, {3}), ScatterKind::assign);
                   }});
}

void add_argsort(std::vector<OpCase>& cases) {
  for (DType dtype : {DType::f32, DType::i64, DType::i32, DType::u8, DType::f64}) {
    for (bool descending : {false, true}) {
      for (int64_t axis = 0; axis < 2; ++axis) {
        std::string name = "argsort_" + std::string(name_of(dtype)) + "_axis" +
                           std::to_string(axis) + (descending ? "_descending" : "");
        cases.push_back({name, Op::argsort, [=](CaseBuilder& b) {
                           InputRange range = {0, 9, true};
                           return b.argsort(b.in(dtype, {17, 5}, range), axis, descending);
                         }});
      }
    }
  }
}

// Rows long enough to be merged: with ties, with numbers below zero and with NaN.
void add_long_argsort(std::vector<OpCase>& cases) {
  for (DType dtype : {DType::f32, DType::f16, DType::i32, DType::u8}) {
    for (bool descending : {false, true}) {
      std::string name =
          "argsort_long_" + std::string(name_of(dtype)) + (descending ? "_descending" : "");
      cases.push_back({name, Op::argsort, [=](CaseBuilder& b) {
                         return b.argsort(b.in(dtype, {801, 2}, {0, 90, true}), 0, descending);
                       }});
    }
  }
  for (bool descending : {false, true}) {
    std::string name = std::string("argsort_long_nan") + (descending ? "_descending" : "");
    cases.push_back({name, Op::argsort, [=](CaseBuilder& b) {
                       NodeId x = b.in(DType::f32, {2, 1025}, {-9, 9, true});
                       return b.argsort(b.mul(x, b.sqrt(x)), 1, descending);
                     }});
    cases.push_back({name + "_signs", Op::argsort, [=](CaseBuilder& b) {
                       NodeId x = b.in(DType::f32, {1025}, {-9, 9, true});
                       return b.argsort(b.with_scalar(Op::mul, x, -1.5), 0, descending);
                     }});
  }
}

}  // namespace

std::vector<OpCase> indexed_cases() {
  std::vector<OpCase> cases;
  add_gather(cases);
  add_scatter(cases);
  add_argsort(cases);
  add_long_argsort(cases);
  return cases;
}

}  // namespace burin::test
