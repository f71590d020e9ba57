"""What each ONNX operator means in PyTorch: OPS[name](node, *tensors) gives a tensor or a tuple.

`node` gives attributes (`node.get`), the operands' shapes (`node.shapes`: a tensor's own would be traced
and computed at each run), and operands that PyTorch needs as plain numbers (`node.ints`, `node.number`):
those must be constant in the network. What is not here raises Unsupported.
"""
import math

import torch
import torch.nn.functional as F

OPS = {}

# ONNX's TensorProto.DataType. Half precision is computed in single: PyTorch's CPU kernels lack it.
DTYPES = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 5: torch.int16, 6: torch.int32,
          7: torch.int64, 9: torch.bool, 10: torch.float32, 11: torch.float64}


class Unsupported(Exception):
    """The network cannot be run by this translation; the text says why."""


def op(*names):
    def register(function):
        for name in names:
            OPS[name] = function
        return function
    return register


def simple(**functions):
    for name, function in functions.items():
        OPS[name] = lambda node, *x, f=function: f(*x)


simple(Relu=torch.relu, Sigmoid=torch.sigmoid, Tanh=torch.tanh, Exp=torch.exp, Log=torch.log,
       Sqrt=torch.sqrt, Neg=torch.neg, Abs=torch.abs, Erf=torch.erf, Reciprocal=torch.reciprocal,
       Floor=torch.floor, Ceil=torch.ceil, Round=torch.round, Sign=torch.sign, Sin=torch.sin,
       Cos=torch.cos, Not=torch.logical_not, Softplus=F.softplus, HardSwish=F.hardswish,
       Identity=lambda x: x, Dropout=lambda x, *_: x, Add=torch.add, Sub=torch.sub,
       Mul=torch.mul, Equal=torch.eq, Less=torch.lt, Greater=torch.gt, LessOrEqual=torch.le,
       GreaterOrEqual=torch.ge, And=torch.logical_and, Or=torch.logical_or, Where=torch.where,
       MatMul=torch.matmul, Silu=F.silu)


@op("Pow")
def power(node, x, y):
    return torch.pow(x, node.number(1) if node.constant(1) and y.numel() == 1 else y.to(x.dtype))


@op("Div")
def div(node, x, y):
    return torch.div(x, y) if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


@op("Min")
def minimum(node, *xs):
    return xs[0] if len(xs) == 1 else torch.minimum(xs[0], minimum(node, *xs[1:]))


@op("Max")
def maximum(node, *xs):
    return xs[0] if len(xs) == 1 else torch.maximum(xs[0], maximum(node, *xs[1:]))


@op("Elu")
def elu(node, x):
    return F.elu(x, node.get("alpha", 1.0))


@op("LeakyRelu")
def leaky_relu(node, x):
    return F.leaky_relu(x, node.get("alpha", 0.01))


@op("HardSigmoid")
def hard_sigmoid(node, x):
    alpha, beta = node.get("alpha", 0.2), node.get("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-4 and beta == 0.5:
        return F.hardsigmoid(x)
    return torch.clamp(x * alpha + beta, 0.0, 1.0)


@op("Gelu")
def gelu(node, x):
    return F.gelu(x, approximate="tanh" if node.get("approximate", "none") == "tanh" else "none")


@op("PRelu")
def prelu(node, x, slope):
    if slope.numel() == 1 or (slope.dim() == x.dim() - 1 and slope.numel() == node.shapes[0][1]):
        return F.prelu(x, slope.reshape(-1))
    return torch.where(x < 0, x * slope, x)


@op("Clip")
def clip(node, x, *limits):
    low = node.get("min") if not limits else node.number(1)
    high = node.get("max") if not limits else node.number(2)
    return torch.clamp(x, low, high)


@op("Cast")
def cast(node, x):
    to = node.get("to")
    if to not in DTYPES:
        raise Unsupported(f"Cast to type {to}")
    return x.to(DTYPES[to])


@op("Shape")
def shape(node, x):
    dims = list(node.shapes[0])[node.get("start", 0):node.get("end")]
    return torch.tensor(dims, dtype=torch.int64)


@op("Size")
def size(node, x):
    return torch.tensor(x.numel(), dtype=torch.int64)


@op("ConstantOfShape")
def constant_of_shape(node, dims):
    value = node.get("value", torch.zeros(1))
    return value.reshape(()).expand(node.ints(0)).clone()


@op("Range")
def range_(node, start, limit, delta):
    return torch.arange(node.number(0), node.number(1), node.number(2), dtype=start.dtype)


@op("Expand")
def expand(node, x, dims):
    return x.expand(torch.broadcast_shapes(node.shapes[0], node.ints(1)))


@op("Tile")
def tile(node, x, repeats):
    return x.repeat(node.ints(1))


@op("Reshape")
def reshape(node, x, dims=None):
    dims = node.ints(1)
    return x.reshape([node.shapes[0][i] if d == 0 and not node.get("allowzero", 0) else d
                      for i, d in enumerate(dims)])


@op("Flatten")
def flatten(node, x):
    axis = node.get("axis", 1) % (x.dim() + 1)
    return x.reshape(math.prod(node.shapes[0][:axis]), math.prod(node.shapes[0][axis:]))


@op("Transpose")
def transpose(node, x):
    return x.permute(node.get("perm", list(reversed(range(x.dim())))))


@op("Squeeze")
def squeeze(node, x, *_):
    axes = node.axes(1)
    if axes is None:
        return x.squeeze()
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = x.squeeze(axis)
    return x


@op("Unsqueeze")
def unsqueeze(node, x, *_):
    axes = node.axes(1)
    for axis in sorted(a % (x.dim() + len(axes)) for a in axes):
        x = x.unsqueeze(axis)
    return x


@op("Concat")
def concat(node, *xs):
    return torch.cat(xs, node.get("axis", 1))


def slice_axis(x, size, axis, start, end, step):
    if step > 0:
        bounds = [min(max(b + size if b < 0 else b, 0), size) for b in (start, end)]
        index = (slice(None),) * axis + (slice(bounds[0], bounds[1], step),)
        return x[index]
    indices = list(range(size))[start if start >= -size else 0:
                                end if end >= -size else None:step]
    return x.index_select(axis, torch.tensor(indices, dtype=torch.int64))


@op("Slice")
def slice_(node, x, *_):
    starts = node.ints(1) or node.get("starts")
    ends = node.ints(2) or node.get("ends")
    axes = node.axes(3) or list(range(len(starts)))
    steps = node.ints(4) or [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps):
        x = slice_axis(x, node.shapes[0][axis % x.dim()], axis % x.dim(), start, end, step)
    return x


@op("Split")
def split(node, x, *_):
    axis = node.get("axis", 0)
    sizes = node.ints(1) or node.get("split")
    if sizes is None:
        parts = node.outputs
        size = node.shapes[0][axis]
        each = -(-size // parts)
        sizes = [min(each, size - each * i) for i in range(parts)]
    return tuple(torch.split(x, sizes, axis))


@op("Gather")
def gather(node, x, indices):
    shape = node.shapes[0]
    axis = node.get("axis", 0) % x.dim()
    if node.constant(1):
        if indices.dim() == 0:
            return x.select(axis, int(indices))
        indices = torch.where(indices < 0, indices + shape[axis], indices)
    elif axis == 0 and x.dim() == 2:
        return F.embedding(indices, x)
    flat = x.index_select(axis, indices.reshape(-1))
    return flat.reshape(shape[:axis] + node.shapes[1] + shape[axis + 1:])


@op("GatherElements")
def gather_elements(node, x, indices):
    return torch.gather(x, node.get("axis", 0), indices)


@op("ScatterND")
def scatter_nd(node, x, indices, updates):
    if node.get("reduction", "none") != "none":
        raise Unsupported("ScatterND with a reduction")
    return x.index_put(tuple(indices.unbind(-1)), updates)


@op("OneHot")
def one_hot(node, indices, depth, values):
    depth = int(node.number(1))
    hot = F.one_hot(indices.long() % depth, depth)
    off, on = values[0], values[1]
    hot = torch.where(hot.bool(), on, off)
    axis = node.get("axis", -1)
    return hot if axis in (-1, hot.dim() - 1) else hot.movedim(-1, axis)


@op("Trilu")
def trilu(node, x, *_):
    k = int(node.number(1) or 0)
    return torch.triu(x, k) if node.get("upper", 1) else torch.tril(x, k)


@op("CumSum")
def cum_sum(node, x, axis):
    if node.get("exclusive", 0) or node.get("reverse", 0):
        raise Unsupported("CumSum that is exclusive or reversed")
    return torch.cumsum(x, int(node.number(1)))


@op("TopK")
def top_k(node, x, *_):
    k = int(node.number(1)) if node.has(1) else node.get("k")
    return tuple(torch.topk(x, k, node.get("axis", -1), bool(node.get("largest", 1)),
                            bool(node.get("sorted", 1))))


@op("ArgMax")
def arg_max(node, x):
    return torch.argmax(x, node.get("axis", 0), bool(node.get("keepdims", 1)))


def reduction(function):
    def reduce(node, x, *_):
        axes = node.axes(1)
        if axes is None and node.get("noop_with_empty_axes", 0):
            return x
        return function(x, axes or list(range(x.dim())), bool(node.get("keepdims", 1)))
    return reduce


def reduce_prod(x, axes, keep):
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = torch.prod(x, axis, keep)
    return x


for name, function in {
        "ReduceMean": torch.mean, "ReduceSum": torch.sum, "ReduceMax": torch.amax,
        "ReduceMin": torch.amin, "ReduceProd": reduce_prod,
        "ReduceSumSquare": lambda x, axes, keep: torch.sum(x * x, axes, keep),
        "ReduceL2": lambda x, axes, keep: torch.linalg.vector_norm(x, 2, axes, keep)}.items():
    OPS[name] = reduction(function)
