// Cases of reduce and reduce_window.
#include "tests/support/op_cases.h"

namespace burin::test {

namespace {

using graph::Op;
using graph::ReduceKind;
using graph::WindowAttr;

constexpr ReduceKind kKinds[] = {ReduceKind::sum, ReduceKind::prod, ReduceKind::max,
                                 ReduceKind::min};
constexpr DType kReducedDTypes[] = {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8};

struct ReduceRow {
  const char* name;
  Dims dims, axes;
};

const ReduceRow kReductions[] = {
    {"row", {5, 33}, {1}},
    {"column", {33, 5}, {0}},
    {"all", {3, 7, 5}, {0, 1, 2}},
    {"outer_and_inner", {3, 7, 5}, {0, 2}},
    {"middle", {3, 7, 17}, {1}},
    {"nothing", {3, 5}, {}},
    {"spatial", {2, 7, 7, 9}, {1, 2}},
    {"of_an_empty_axis", {3, 0}, {1}},
    {"one", {17, 1}, {1}},
    {"long_row", {2, 1000}, {1}},
};

// Products near one stay finite over long axes.
InputRange range_for(ReduceKind kind, DType dtype) {
  if (kind == ReduceKind::prod) return is_float(dtype) ? InputRange{0.9, 1.1} : InputRange{1, 3};
  return is_signed(dtype) ? InputRange{-9, 9} : InputRange{0, 20};
}

struct WindowRow {
  const char* name;
  Dims dims;
  WindowAttr attr;  // its kind is filled in
};

const WindowRow kWindows[] = {
    {"2x2",
     {1, 8, 8, 5},
     {{}, {1, 2, 2, 1}, {1, 2, 2, 1}, {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}}},
    {"3x3_padded",
     {2, 7, 9, 17},
     {{}, {1, 3, 3, 1}, {1, 2, 2, 1}, {1, 1, 1, 1}, {0, 1, 1, 0}, {0, 1, 1, 0}}},
    {"3x3_dilated",
     {1, 11, 9, 3},
     {{}, {1, 3, 3, 1}, {1, 1, 2, 1}, {1, 2, 3, 1}, {0, 2, 0, 0}, {0, 1, 0, 0}}},
    {"whole",
     {1, 5, 7, 33},
     {{}, {1, 5, 7, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}}},
    {"1d", {2, 17, 7}, {{}, {1, 4, 1}, {1, 3, 1}, {1, 1, 1}, {0, 1, 0}, {0, 2, 0}}},
    {"along_rows", {3, 33}, {{}, {1, 5}, {1, 1}, {1, 1}, {0, 4}, {0, 0}}},
    {"every_axis", {5, 6, 7}, {{}, {2, 2, 3}, {1, 2, 2}, {2, 1, 1}, {1, 0, 1}, {0, 1, 1}}},
    {"padded_where_nothing_slides",
     {2, 5, 6, 9},
     {{}, {1, 2, 2, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, {0, 0, 0, 0}, {1, 0, 0, 2}}},
    {"inside_the_padding", {1, 2, 3}, {{}, {1, 2, 1}, {1, 1, 1}, {1, 1, 1}, {0, 3, 0}, {0, 3, 0}}},
};

}  // namespace

std::vector<OpCase> reduction_cases() {
  std::vector<OpCase> cases;
  for (ReduceKind kind : kKinds) {
    for (DType dtype : kReducedDTypes) {
      std::string suffix = "_" + std::string(name_of(kind)) + "_" + std::string(name_of(dtype));
      InputRange range = range_for(kind, dtype);
      for (const auto& [name, dims, axes] : kReductions) {
        cases.push_back({std::string("reduce_") + name + suffix, Op::reduce,
                         [=, dims = dims, axes = axes](CaseBuilder& b) {
                           return b.reduce(b.in(dtype, dims, range), kind, axes);
                         }});
      }
      for (const auto& [name, dims, attr] : kWindows) {
        WindowAttr filled = attr;
        filled.kind = kind;
        cases.push_back({std::string("reduce_window_") + name + suffix, Op::reduce_window,
                         [=, dims = dims](CaseBuilder& b) {
                           return b.reduce_window(b.in(dtype, dims, range), filled);
                         }});
      }
    }
  }
  for (ReduceKind kind : {ReduceKind::max, ReduceKind::min}) {
    cases.push_back(
        {"reduce_" + std::string(name_of(kind)) + "_of_nans", Op::reduce, [=](CaseBuilder& b) {
           return b.reduce(b.in(DType::f32, {40, 7}, {-1, 1, true}), kind, {1});
         }});
  }
  return cases;
}

}  // namespace burin::test
