// Moving, indexing and sorting primitives against values worked out by hand.
#include "tests/support/values.h"

namespace burin::test {

namespace {

using graph::NodeId;
using graph::ScatterKind;

class Movement : public Values {};

TEST_F(Movement, Views) {
  NodeId x = count({2, 3});
  expect(b.reshape(x, {3, 2}), {0, 1, 2, 3, 4, 5});
  expect(b.transpose(x, {1, 0}), {0, 3, 1, 4, 2, 5});
  expect(b.transpose(count({2, 1, 3}), {2, 0, 1}), {0, 3, 1, 4, 2, 5});
  expect(b.slice(x, {0, 0}, {2, 3}, {1, 2}), {0, 2, 3, 5});
  expect(b.slice(x, {1, 1}, {2, 2}, {1, int64_t{1} << 40}), {4});
  expect(b.slice(x, {1, 1}, {1, 3}, {1, 1}), {});
  expect(b.reverse(x, {1}), {2, 1, 0, 5, 4, 3});
  expect(b.reverse(x, {0, 1}), {5, 4, 3, 2, 1, 0});
  expect(b.iota({DType::f32, Shape{2, 3}}, 1), {0, 1, 2, 0, 1, 2});
  expect_ints(b.iota({DType::u8, Shape{2, 2}}, 0), {0, 0, 1, 1});
}

TEST_F(Movement, Broadcast) {
  expect(b.broadcast(f32({}, {7}), {2, 2}, {}), {7, 7, 7, 7});
  expect(b.broadcast(count({2}), {2, 3}, {0}), {0, 0, 0, 1, 1, 1});
  expect(b.broadcast(count({3}), {2, 3}, {1}), {0, 1, 2, 0, 1, 2});
  expect(b.broadcast(count({1, 2}), {2, 2}, {0, 1}), {0, 1, 0, 1});
  expect(b.broadcast(count({2, 3}), {3, 2}, {1, 0}), {0, 3, 1, 4, 2, 5});
  expect(b.broadcast(count({1}), {0, 3}, {0}), {});
}

TEST_F(Movement, PadAndConcatenate) {
  NodeId nine = f32({}, {9});
  expect(b.pad(count({2, 2}), nine, {1, 0}, {0, 1}, {0, 0}), {9, 9, 9, 0, 1, 9, 2, 3, 9});
  expect(b.pad(count({3}), nine, {0}, {1}, {2}), {0, 9, 9, 1, 9, 9, 2, 9});
  expect(b.pad(count({0, 2}), nine, {1, 0}, {0, 0}, {5, 0}), {9, 9});
  NodeId x = count({2, 2}), y = f32({2, 1}, {8, 9});
  expect(b.concatenate({x, y}, 1), {0, 1, 8, 2, 3, 9});
  expect(b.concatenate({x, f32({1, 2}, {8, 9})}, 0), {0, 1, 2, 3, 8, 9});
  expect(b.concatenate({x, f32({0, 2}, {}), x}, 0), {0, 1, 2, 3, 0, 1, 2, 3});
}

TEST_F(Movement, GatherClampsIndices) {
  NodeId x = count({2, 3});
  expect(b.gather(x, i64({2}, {1, 0}), 0), {3, 4, 5, 0, 1, 2});
  expect(b.gather(x, i64({2, 1}, {2, 0}), 1), {2, 0, 5, 3});
  expect(b.gather(x, i64({}, {1}), 1), {1, 4});
  expect(b.gather(x, i64({2}, {-5, 99}), 1), {0, 2, 3, 5});
}

TEST_F(Movement, ScatterAppliesInOrderAndDropsBadIndices) {
  NodeId x = count({3, 2}), at = i64({4}, {2, 0, 2, -1});
  NodeId updates = f32({4, 2}, {10, 20, 30, 40, 50, 60, 70, 80});
  expect(b.scatter(x, at, updates, ScatterKind::assign), {30, 40, 2, 3, 50, 60});
  expect(b.scatter(x, at, updates, ScatterKind::add), {30, 41, 2, 3, 64, 85});
  expect(b.scatter(x, at, updates, ScatterKind::mul), {0, 40, 2, 3, 2000, 6000});
  expect(b.scatter(x, at, updates, ScatterKind::max), {30, 40, 2, 3, 50, 60});
  expect(b.scatter(x, at, updates, ScatterKind::min), {0, 1, 2, 3, 4, 5});
  NodeId bytes = value(DType::u8, {1}, {250});
  NodeId sum = b.scatter(bytes, i64({1}, {0}), value(DType::u8, {1}, {10}), ScatterKind::add);
  expect_ints(sum, {4});
}

TEST_F(Movement, ArgsortIsStableWithNaNLast) {
  NodeId x = f32({6}, {2, kNaN, 1, 2, -kInfinity, kInfinity});
  expect_ints(b.argsort(x, 0, false), {4, 2, 0, 3, 5, 1});
  expect_ints(b.argsort(x, 0, true), {1, 5, 0, 3, 2, 4});
  expect_ints(b.argsort(f32({2, 2}, {1, 2, 0, 3}), 0, false), {1, 0, 0, 1});
}

}  // namespace

}  // namespace burin::test
