// Cases of the primitives that move elements, and of those without operands.
#include "tests/support/op_cases.h"

namespace burin::test {

namespace {

using graph::NodeId;
using graph::Op;
using B = CaseBuilder&;

const DType kMovedDTypes[] = {DType::f32, DType::i64, DType::u8, DType::f64, DType::pred};

// Each row for every dtype in kMovedDTypes.
struct MovementRow {
  Op op;
  const char* name;
  NodeId (*build)(CaseBuilder&, DType);
};

const MovementRow kRows[] = {
    {Op::reshape, "merge",
     [](B b, DType t) {
       return b.reshape(b.in(t, {3, 7, 5}), {21, 5});
     }},
    {Op::reshape, "to_scalar",
     [](B b, DType t) {
       return b.reshape(b.in(t, {1, 1}), {});
     }},
    {Op::transpose, "2d",
     [](B b, DType t) {
       return b.transpose(b.in(t, {7, 33}), {1, 0});
     }},
    {Op::transpose, "nchw_to_nhwc",
     [](B b, DType t) {
       return b.transpose(b.in(t, {2, 3, 5, 7}), {0, 2, 3, 1});
     }},
    {Op::transpose, "every_other_from_each",
     [](B b, DType t) {
       return b.transpose(b.in(t, {3, 2, 4, 2}), {1, 3, 0, 2});
     }},
    {Op::transpose, "keeps_the_last",
     [](B b, DType t) {
       return b.transpose(b.in(t, {3, 5, 17}), {1, 0, 2});
     }},
    {Op::transpose, "reversed",
     [](B b, DType t) {
       return b.transpose(b.in(t, {2, 3, 4, 5, 3}), {4, 3, 2, 1, 0});
     }},
    {Op::broadcast, "scalar",
     [](B b, DType t) {
       return b.broadcast(b.in(t, {}), {3, 17}, {});
     }},
    {Op::broadcast, "row",
     [](B b, DType t) {
       return b.broadcast(b.in(t, {17}), {3, 17}, {1});
     }},
    {Op::broadcast, "column",
     [](B b, DType t) {
       return b.broadcast(b.in(t, {3, 1}), {3, 17}, {0, 1});
     }},
    {Op::broadcast, "middle",
     [](B b, DType t) {
       return b.broadcast(b.in(t, {5}), {3, 5, 7}, {1});
     }},
    {Op::broadcast, "swapped",
     [](B b, DType t) {
       return b.broadcast(b.in(t, {3, 5}), {5, 2, 3}, {2, 0});
     }},
    {Op::slice, "inner",
     [](B b, DType t) {
       return b.slice(b.in(t, {5, 33}), {1, 3}, {4, 30}, {1, 1});
     }},
    {Op::slice, "strided",
     [](B b, DType t) {
       return b.slice(b.in(t, {7, 33}), {1, 2}, {7, 33}, {2, 3});
     }},
    {Op::slice, "empty",
     [](B b, DType t) {
       return b.slice(b.in(t, {7, 3}), {2, 0}, {2, 3}, {1, 1});
     }},
    {Op::pad, "around",
     [](B b, DType t) {
       NodeId x = b.in(t, {5, 17});
       return b.pad(x, b.in(t, {}), {1, 2}, {0, 3}, {0, 0});
     }},
    {Op::pad, "between",
     [](B b, DType t) {
       NodeId x = b.in(t, {3, 5, 4});
       return b.pad(x, b.scalar(t, 1), {0, 1, 0}, {2, 0, 0}, {1, 0, 2});
     }},
    {Op::concatenate, "inner",
     [](B b, DType t) {
       NodeId x = b.in(t, {3, 7}), y = b.in(t, {3, 1});
       return b.concatenate({x, y, b.in(t, {3, 17})}, 1);
     }},
    {Op::concatenate, "outer",
     [](B b, DType t) {
       NodeId x = b.in(t, {2, 3, 5});
       return b.concatenate({x, b.in(t, {1, 3, 5}), x}, 0);
     }},
    // The longer of two beginnings is read for no element: the shorter is written all the same.
    {Op::concatenate, "read_for_nothing",
     [](B b, DType t) {
       NodeId x = b.in(t, {5}), y = b.in(t, {4});
       NodeId part = b.slice(b.reverse(b.concatenate({x, y}, 0), {0}), {0}, {2}, {1});
       NodeId nothing = b.slice(b.reverse(b.concatenate({x, y, part}, 0), {0}), {0}, {0}, {1});
       NodeId all = b.concatenate({x, y, part, nothing}, 0);
       return b.concatenate({all, b.in(t, {11})}, 0);
     }},
    {Op::concatenate, "middle",
     [](B b, DType t) {
       NodeId x = b.in(t, {2, 3, 5});
       return b.concatenate({x, b.in(t, {2, 1, 5})}, 1);
     }},
    {Op::reverse, "inner",
     [](B b, DType t) {
       return b.reverse(b.in(t, {3, 17}), {1});
     }},
    {Op::reverse, "all",
     [](B b, DType t) {
       return b.reverse(b.in(t, {2, 5, 7}), {2, 0, 1});
     }},
    {Op::parameter, "as_it_is",
     [](B b, DType t) {
       return b.in(t, {3, 5});
     }},
    {Op::constant, "as_it_is",
     [](B b, DType t) {
       b.in(t, {2});
       return b.constant(random_tensor({t, Shape{3, 5}}, {0, 9}, 7));
     }},
};

}  // namespace

std::vector<OpCase> movement_cases() {
  std::vector<OpCase> cases;
  for (const auto& [op, name, build] : kRows) {
    for (DType dtype : kMovedDTypes) {
      std::string label = std::string(name_of(op)) + "_" + name + "_";
      cases.push_back({label + std::string(name_of(dtype)), op,
                       [build, dtype](CaseBuilder& b) { return build(b, dtype); }});
    }
  }
  for (DType dtype : {DType::f32, DType::i32, DType::i64, DType::u8, DType::f64, DType::f16}) {
    for (int64_t axis = 0; axis < 3; ++axis) {
      cases.push_back({"iota_" + std::string(name_of(dtype)) + "_axis" + std::to_string(axis),
                       Op::iota, [=](CaseBuilder& b) {
                         return b.iota({dtype, Shape{3, 5, 17}}, axis);
                       }});
    }
  }
  // As large as has its loops turned, and read along two axes by as many views.
  for (const Dims& size : {Dims{15, 20, 70}, Dims{16, 17, 129}, Dims{3, 80, 66}}) {
    cases.push_back(
        {"transpose_two_ways_" + Shape(size).text(), Op::transpose, [size](CaseBuilder& b) {
           NodeId x = b.transpose(b.f32({size[1], size[2], size[0]}), {2, 0, 1});
           NodeId y = b.transpose(b.f32({size[2], size[0], size[1]}), {1, 2, 0});
           return b.add(x, y);
         }});
  }
  return cases;
}

}  // namespace burin::test
