// Loop IR of one point of an expression: addresses, loads, literals, ops, stores.
#include "lower/expr.h"

#include <algorithm>

#include "base/check.h"
#include "graph/op_def.h"
#include "lower/convert.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Address;
using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

int register_bits(DType dtype) {
  return dtype == DType::pred ? 32 : loop::bits_of(register_elem(dtype));
}

int64_t extra_of(const Point& point, size_t axis) {
  return axis < point.extra.size() ? point.extra[axis] : 0;
}

// base + sum(index[axis] * strides[axis]) elements of `size` bytes + disp, over the axes for which
// `wanted` holds.
template <class F>
Address add_indices(Builder& b, Value base, int64_t disp, const View& view,
                    std::span<const Value> index, F&& wanted) {
  int64_t size = size_of(view.dtype);
  Value sum;
  int64_t single = 0;  // the stride, while `sum` is one bare index
  for (size_t a = 0; a < index.size() && a < view.strides.size(); ++a) {
    int64_t stride = view.strides[a], literal = 0;
    if (!index[a].valid() || stride == 0 || !wanted(a)) continue;
    if (b.is_index_constant(index[a], &literal)) {
      disp += literal * stride * size;
    } else if (!sum.valid()) {
      sum = index[a];
      single = stride;
    } else {
      if (single != 1) sum = b.mul(sum, b.index(single));
      sum = b.add(sum, b.mul(index[a], b.index(stride)));
      single = 1;
    }
  }
  if (!sum.valid()) return {base, {}, 1, disp};
  int64_t bytes = single * size;
  if (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) {
    return {base, sum, static_cast<int>(bytes), disp};
  }
  return {base, b.mul(sum, b.index(single)), static_cast<int>(size), disp};
}

Address address_of(Builder& b, const View& view, const Point& point, Value base) {
  int64_t disp = base.valid() ? 0 : view.offset;
  for (size_t a = 0; a < view.strides.size(); ++a) disp += extra_of(point, a) * view.strides[a];
  disp *= size_of(view.dtype);
  if (base.valid() && point.open_axis < 0) return {base, {}, 1, disp};
  return add_indices(
      b, base.valid() ? base : b.pointer(view.pointer), disp, view, point.index,
      [&](size_t a) { return !base.valid() || static_cast<int>(a) == point.open_axis; });
}

int64_t lane_stride(const View& view, int lane_axis) {
  return lane_axis < 0 ? 0 : view.strides[static_cast<size_t>(lane_axis)];
}

// The element as it lies in memory, brought to register form.
Value widen(Builder& b, Value raw, DType dtype) {
  if (dtype != DType::pred) return b.convert(raw, register_elem(dtype));
  Value wide = b.convert(raw, Elem::i32);
  return b.cmp_ne(wide, b.integer(b.type(wide), 0));
}

Value narrow(Builder& b, Value value, DType dtype) {
  if (dtype != DType::pred) return b.convert(value, loop::elem_of(dtype));
  return b.convert(emit_convert(b, value, DType::pred, DType::i32), Elem::u8);
}

Value strided_load(Builder& b, const View& view, const Point& point, const Address& at,
                   int64_t stride) {
  Elem elem = loop::elem_of(view.dtype);
  Type type{elem, point.lanes};
  int64_t size = size_of(view.dtype);
  Type index_type{size == 8 ? Elem::i64 : Elem::i32, point.lanes};
  Value lanes = b.mul(b.lane_ids(index_type), b.integer(index_type, stride));
  Value mask = point.mask.valid() ? mask_as(b, point.mask, elem) : Value{};
  return b.gather(type, b.offset({at.base, at.index, at.scale, 0}), lanes, static_cast<int>(size),
                  at.disp, mask);
}

// Whether vectors of the view exist along the axis: contiguous, equal, or gathered by 32-bit
// element offsets.
bool has_vectors(const View& view, int lane_axis, const loop::Machine& machine) {
  int64_t stride = lane_stride(view, lane_axis), size = size_of(view.dtype);
  if (stride == 0 || stride == 1) return true;
  int64_t reach = std::abs(stride) * (machine.vector_bits / 8);
  return size >= 4 && reach < INT32_MAX / size;
}

}  // namespace

int64_t elements_touched(const View& view, std::span<const int64_t> sizes) {
  int64_t elements = 1;
  for (size_t a = 0; a < sizes.size(); ++a) elements *= view.strides[a] ? sizes[a] : 1;
  return elements;
}

Elem register_elem(DType dtype) {
  switch (dtype) {
    case DType::f16:
    case DType::bf16: return Elem::f32;
    case DType::i8:
    case DType::i16:
    case DType::u8:
    case DType::u16: return Elem::i32;
    case DType::pred: return Elem::m32;
    default: return loop::elem_of(dtype);
  }
}

Value mask_as(Builder& b, Value mask, Elem elem) {
  Elem wanted = loop::is_mask(elem) ? elem : loop::mask_for(elem);
  return b.convert(mask, wanted);
}

std::vector<Value> emit_bases(Builder& b, std::span<const View> views,
                              std::span<const Value> index) {
  std::vector<Value> bases;
  bases.reserve(views.size());
  for (const View& view : views) {
    Address at = add_indices(b, b.pointer(view.pointer), view.offset * size_of(view.dtype), view,
                             index, [](size_t) { return true; });
    bases.push_back(b.offset(at));
  }
  return bases;
}

Value emit_view_load(Builder& b, const View& view, const Point& point, Value base) {
  Address at = address_of(b, view, point, base);
  Type type{loop::elem_of(view.dtype), point.lanes};
  int64_t stride = lane_stride(view, point.lane_axis);
  if (point.lanes == 1) return widen(b, b.load(type, at), view.dtype);
  if (stride == 0) {
    if (type.elem == register_elem(view.dtype)) return b.load_splat(type, at);
    Value one = widen(b, b.load({type.elem, 1}, at), view.dtype);
    if (view.dtype != DType::pred) return b.splat(one, point.lanes);
    Value bit = emit_convert(b, one, DType::pred, DType::i32);
    return emit_convert(b, b.splat(bit, point.lanes), DType::i32, DType::pred);
  }
  if (stride != 1) return widen(b, strided_load(b, view, point, at, stride), view.dtype);
  Value mask = point.mask.valid() ? mask_as(b, point.mask, type.elem) : Value{};
  return widen(b, b.load(type, at, mask), view.dtype);
}

// Whether each vector of the view is a line of its own.
bool holds_lines(const View& view, const Point& point) {
  if (!view.streams || !point.aligned || point.mask.valid() || point.lanes <= 1) return false;
  if (point.lanes * size_of(view.dtype) != kLineBytes || view.offset % point.lanes != 0) {
    return false;
  }
  for (size_t axis = 0; axis < view.strides.size(); ++axis) {
    bool lanes = static_cast<int>(axis) == point.lane_axis;
    if (!lanes && view.strides[axis] % point.lanes != 0) return false;
  }
  return true;
}

void emit_store(Builder& b, const View& view, const Point& point, Value base, Value value) {
  BURIN_CHECK(point.lanes == 1 || lane_stride(view, point.lane_axis) == 1,
              "a vector store needs stride 1");
  Value raw = narrow(b, value, view.dtype);
  Elem elem = b.type(raw).elem;
  Value mask = point.mask.valid() ? mask_as(b, point.mask, elem) : Value{};
  Address at = address_of(b, view, point, base);
  holds_lines(view, point) ? b.stream(raw, at) : b.store(raw, at, mask);
}

PointEmitter::PointEmitter(Builder& b, const Expr& expr, const Point& point,
                           std::span<const Value> accs)
    : b_(b), expr_(expr), point_(point), accs_(accs), values_(expr.nodes.size()) {}

Value PointEmitter::value(int node) {
  auto root = static_cast<size_t>(node);
  if (values_[root].valid()) return values_[root];
  std::vector<bool> needed(root + 1, false);
  needed[root] = true;
  for (size_t i = root + 1; i-- > 0;) {
    if (!needed[i] || values_[i].valid()) continue;
    for (int operand : expr_.nodes[i].operands) {
      if (operand >= 0) needed[static_cast<size_t>(operand)] = true;
    }
  }
  uint32_t kernel_source = b_.source();
  for (size_t i = 0; i <= root; ++i) {
    if (!needed[i] || values_[i].valid()) continue;
    b_.set_source(expr_.nodes[i].source.index);
    values_[i] = emit_node(expr_.nodes[i]);
  }
  b_.set_source(kernel_source);
  return values_[root];
}

Value PointEmitter::emit_node(const ExprNode& node) {
  switch (node.kind) {
    case ExprNode::Kind::load: {
      auto index = static_cast<size_t>(node.view);
      return emit_load(expr_.views[index], index);
    }
    case ExprNode::Kind::acc: return accs_[static_cast<size_t>(node.acc)];
    case ExprNode::Kind::literal: return emit_literal(node);
    case ExprNode::Kind::index: return emit_index(node);
    case ExprNode::Kind::op: return emit_op(node);
  }
  __builtin_unreachable();
}

Value PointEmitter::emit_load(const View& view, size_t index) {
  return emit_view_load(b_, view, point_, point_.bases.empty() ? Value{} : point_.bases[index]);
}

Value PointEmitter::emit_literal(const ExprNode& node) {
  if (node.dtype == DType::pred) {
    Type type{Elem::i32, point_.lanes};
    return b_.cmp_ne(b_.integer(type, node.literal_int), b_.integer(type, 0));
  }
  Type type{register_elem(node.dtype), point_.lanes};
  return is_float(node.dtype) ? b_.real(type, node.literal) : b_.integer(type, node.literal_int);
}

// The index along one axis, in every lane.
Value PointEmitter::emit_index(const ExprNode& node) {
  auto axis = static_cast<size_t>(node.acc);
  Value at = point_.index[axis].valid() ? point_.index[axis] : b_.index(0);
  at = b_.add(at, b_.index(extra_of(point_, axis)));
  Elem elem = register_elem(node.dtype);
  if (loop::is_float(elem)) elem = elem == Elem::f64 ? Elem::i64 : Elem::i32;
  Value lanes = b_.splat(b_.convert(at, elem), point_.lanes);
  if (node.acc == point_.lane_axis && point_.lanes > 1) {
    lanes = b_.add(lanes, b_.lane_ids({elem, point_.lanes}));
  }
  DType from = elem == Elem::i64 ? DType::i64 : DType::i32;
  if (is_float(node.dtype)) return emit_convert(b_, lanes, from, node.dtype);
  return wrap_integer(b_, lanes, node.dtype);
}

Value PointEmitter::emit_op(const ExprNode& node) {
  Value operands[3];
  size_t count = 0;
  DType dtype = node.dtype;
  for (int operand : node.operands) {
    if (operand < 0) break;
    operands[count++] = values_[static_cast<size_t>(operand)];
    dtype = expr_.nodes[static_cast<size_t>(operand)].dtype;
  }
  if (node.op == graph::Op::convert) return emit_convert(b_, operands[0], dtype, node.dtype);
  // Masks of one op must have one width: that of the values they choose between.
  Elem width = b_.type(operands[count - 1]).elem;
  for (size_t i = 0; i < count; ++i) {
    if (loop::is_mask(b_.type(operands[i]).elem)) operands[i] = mask_as(b_, operands[i], width);
  }
  graph::EmitRule rule = graph::op_def(node.op).emit;
  BURIN_CHECK(rule, "an op of an expression has no loop IR");
  return wrap_integer(b_, rule(b_, dtype, {operands, count}), node.dtype);
}

std::vector<Value> emit_expr(Builder& b, const Expr& expr, const Point& point,
                             std::span<const Value> accs) {
  PointEmitter emitter(b, expr, point, accs);
  std::vector<Value> results;
  results.reserve(expr.results.size());
  for (int node : expr.results) results.push_back(emitter.value(node));
  return results;
}

uint16_t lanes_for(const Expr& expr, std::span<const View> outputs, int lane_axis,
                   const loop::Machine& machine) {
  if (lane_axis < 0) return 1;
  int bits = 32;
  for (const ExprNode& node : expr.nodes) {
    bits = std::max(bits, register_bits(node.dtype));
    if (node.kind == ExprNode::Kind::load &&
        !has_vectors(expr.views[static_cast<size_t>(node.view)], lane_axis, machine)) {
      return 1;
    }
  }
  for (const View& view : outputs) {
    bits = std::max(bits, register_bits(view.dtype));
    if (lane_stride(view, lane_axis) != 1) return 1;
  }
  return static_cast<uint16_t>(machine.vector_bits / bits);
}

bool can_mask(const Expr& expr, std::span<const View> outputs, const loop::Machine& machine) {
  if (machine.lane_masks) return true;
  auto full = [](const View& view) { return size_of(view.dtype) >= 4; };
  return std::all_of(expr.views.begin(), expr.views.end(), full) &&
         std::all_of(outputs.begin(), outputs.end(), full);
}

}  // namespace burin::lower
