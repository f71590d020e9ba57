// The primitives of the tensor IR: names, and the attributes that some of them carry.
// Every value is one node with one result. Elementwise operands have equal shapes: broadcasting is
// its own node. Meaning follows StableHLO where it has the op; a row notes where it differs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tensor/tensor.h"

namespace burin::graph {

// clang-format off
// One operand, result of the same shape and dtype unless noted. neg, abs and sign take any number,
// the others floats only; unless noted.
#define BURIN_UNARY_OPS(X)                                                                    \
  X(neg) X(abs) X(sign) X(exp) X(expm1) X(log) X(log1p) X(sin) X(cos) X(tan) X(asin) X(acos)  \
  X(atan) X(sinh) X(cosh) X(asinh) X(acosh) X(atanh) X(tanh) X(logistic) X(erf) X(sqrt)       \
  X(rsqrt) X(floor) X(ceil) X(round_nearest_even) X(logical_not) /* ~x; !x for pred */        \
  X(is_nan) /* -> pred */ X(is_inf) /* -> pred */

// Two operands of one type. Integer div truncates and x/0 = 0; rem = x - (x/y)*y has the sign of
// the dividend; integers wrap. An integer pow with a negative exponent is 1/x^-y, truncated. Shift
// counts are unsigned, and past the width shift everything out; shift_right is arithmetic for
// signed dtypes. max and min propagate NaN. The comparisons yield pred. Arithmetic and order are
// not defined for pred, bits and shifts not for floats, shifts not for pred.
#define BURIN_BINARY_OPS(X)                                                                  \
  X(add) X(sub) X(mul) X(div) X(rem) X(max) X(min) X(pow) X(bit_and) X(bit_or) X(bit_xor)    \
  X(shift_left) X(shift_right) X(eq) X(ne) X(lt) X(le) X(gt) X(ge)

#define BURIN_TERNARY_OPS(X)                      \
  X(select) /* pred, on_true, on_false */         \
  X(clamp)  /* low, x, high, all of one type */

#define BURIN_STRUCTURAL_OPS(X)                                                               \
  X(parameter)   /* ParameterAttr: a graph input */                                           \
  X(constant)    /* ConstantAttr */                                                           \
  X(iota)        /* AxisAttr: the index along one axis */                                     \
  X(convert)     /* to another dtype; float to int truncates and saturates, NaN -> 0 */       \
  X(reshape)     /* same elements in row-major order */                                       \
  X(transpose)   /* DimsAttr: out.dim(i) = in.dim(dims[i]) */                                 \
  X(broadcast)   /* DimsAttr: in.dim(i) is out.dim(dims[i]), of equal size or 1 */            \
  X(slice)       /* SliceAttr: start, limit, positive stride per axis */                      \
  X(pad)         /* PadAttr; operand 1 is the scalar padding value */                         \
  X(concatenate) /* AxisAttr; one or more operands */                                         \
  X(reverse)     /* DimsAttr: the axes to reverse */                                          \
  X(gather)      /* AxisAttr; x, i32/i64 indices of any shape: numpy.take; clamps indices */  \
  X(scatter)     /* ScatterAttr; x[N,...], indices[K], updates[K,...]; drops bad indices */   \
  X(reduce)      /* ReduceAttr: removes the axes */                                           \
  X(reduce_window) /* WindowAttr: one entry per axis; padding is the kind's identity */       \
  X(dot_general) /* DotAttr: result is batch, then lhs free, then rhs free dims */            \
  X(convolution) /* ConvAttr: x[N,spatial,C] * w[spatial,C/groups,O] -> [N,spatial,O] */      \
  X(argsort)     /* SortAttr: stable; i64 positions along the axis; NaN sorts as largest */

#define BURIN_ELEMENTWISE_OPS(X) BURIN_UNARY_OPS(X) BURIN_BINARY_OPS(X) BURIN_TERNARY_OPS(X)
#define BURIN_GRAPH_OPS(X) BURIN_ELEMENTWISE_OPS(X) BURIN_STRUCTURAL_OPS(X)
// clang-format on

enum class Op : uint8_t {
#define X(name) name,
  BURIN_GRAPH_OPS(X)
#undef X
};

inline constexpr size_t kOpCount = 0
#define X(name) +1
    BURIN_GRAPH_OPS(X)
#undef X
    ;

std::string_view name_of(Op op);
std::optional<Op> op_from_name(std::string_view name);
inline bool is_elementwise(Op op) { return op <= Op::clamp; }
// Whether each element of its result is made of many of its operands', over a window or a row.
inline bool is_dense(Op op) {
  return op == Op::convolution || op == Op::dot_general || op == Op::reduce_window;
}

enum class ReduceKind : uint8_t { sum, prod, max, min };
std::string_view name_of(ReduceKind kind);
enum class ScatterKind : uint8_t { assign, add, mul, max, min };
std::string_view name_of(ScatterKind kind);

// Attributes. `each` names the fields for the printer, the parser and equality of the text form.
struct NoAttr {
  template <class F>
  void each(F&&) {}
  friend bool operator==(const NoAttr&, const NoAttr&) = default;
};
struct ParameterAttr {
  int64_t index = 0;  // position among the graph's inputs
  template <class F>
  void each(F&& f) {
    f("index", index);
  }
  friend bool operator==(const ParameterAttr&, const ParameterAttr&) = default;
};
struct ConstantAttr {
  Tensor value;
  template <class F>
  void each(F&& f) {
    f("value", value);
  }
};
struct AxisAttr {
  int64_t axis = 0;
  template <class F>
  void each(F&& f) {
    f("axis", axis);
  }
  friend bool operator==(const AxisAttr&, const AxisAttr&) = default;
};
struct DimsAttr {
  Dims dims;
  template <class F>
  void each(F&& f) {
    f("dims", dims);
  }
  friend bool operator==(const DimsAttr&, const DimsAttr&) = default;
};
struct SliceAttr {
  Dims start, limit, stride;
  template <class F>
  void each(F&& f) {
    f("start", start), f("limit", limit), f("stride", stride);
  }
  friend bool operator==(const SliceAttr&, const SliceAttr&) = default;
};
struct PadAttr {
  Dims low, high, interior;  // all non-negative
  template <class F>
  void each(F&& f) {
    f("low", low), f("high", high), f("interior", interior);
  }
  friend bool operator==(const PadAttr&, const PadAttr&) = default;
};
struct ScatterAttr {
  ScatterKind kind = ScatterKind::assign;
  template <class F>
  void each(F&& f) {
    f("kind", kind);
  }
  friend bool operator==(const ScatterAttr&, const ScatterAttr&) = default;
};
struct ReduceAttr {
  ReduceKind kind = ReduceKind::sum;
  Dims dims;  // ascending
  template <class F>
  void each(F&& f) {
    f("kind", kind), f("dims", dims);
  }
  friend bool operator==(const ReduceAttr&, const ReduceAttr&) = default;
};
struct WindowAttr {
  ReduceKind kind = ReduceKind::sum;
  Dims window, stride, dilation, low, high;  // one entry per axis of the operand
  template <class F>
  void each(F&& f) {
    f("kind", kind), f("window", window), f("stride", stride), f("dilation", dilation);
    f("low", low), f("high", high);
  }
  friend bool operator==(const WindowAttr&, const WindowAttr&) = default;
};
struct DotAttr {
  Dims lhs_batch, rhs_batch, lhs_contract, rhs_contract;
  template <class F>
  void each(F&& f) {
    f("lhs_batch", lhs_batch), f("rhs_batch", rhs_batch);
    f("lhs_contract", lhs_contract), f("rhs_contract", rhs_contract);
  }
  friend bool operator==(const DotAttr&, const DotAttr&) = default;
};
struct ConvAttr {
  // One entry per spatial axis. x_dilation inserts zeros between inputs (a transposed convolution),
  // w_dilation between weights. low and high may be negative: they crop.
  Dims stride, low, high, x_dilation, w_dilation;
  int64_t groups = 1;
  template <class F>
  void each(F&& f) {
    f("stride", stride), f("low", low), f("high", high), f("x_dilation", x_dilation);
    f("w_dilation", w_dilation), f("groups", groups);
  }
  friend bool operator==(const ConvAttr&, const ConvAttr&) = default;
};
struct SortAttr {
  int64_t axis = 0;
  bool descending = false;
  template <class F>
  void each(F&& f) {
    f("axis", axis), f("descending", descending);
  }
  friend bool operator==(const SortAttr&, const SortAttr&) = default;
};

using Attr =
    std::variant<NoAttr, ParameterAttr, ConstantAttr, AxisAttr, DimsAttr, SliceAttr, PadAttr,
                 ScatterAttr, ReduceAttr, WindowAttr, DotAttr, ConvAttr, SortAttr>;

// A default-constructed attribute of the alternative that `op` carries.
Attr default_attr(Op op);

}  // namespace burin::graph
