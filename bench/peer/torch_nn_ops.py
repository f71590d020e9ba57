"""The larger ONNX operators in PyTorch: convolutions, pools, norms, products, recurrences."""
import torch
import torch.nn.functional as F

from torch_ops import Unsupported, op


def window_pads(node, kernel, strides, dilations):
    """Begin and end padding of each spatial axis."""
    rank = len(kernel)
    auto = node.get("auto_pad", "NOTSET")
    if auto in ("NOTSET", "VALID"):
        pads = node.get("pads", [0] * 2 * rank) if auto == "NOTSET" else [0] * 2 * rank
        return list(pads[:rank]), list(pads[rank:])
    begin, end = [], []
    for i in range(rank):
        size = node.shapes[0][2 + i]
        total = max((-(-size // strides[i]) - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1
                    - size, 0)
        small = total // 2
        begin.append(small if auto == "SAME_UPPER" else total - small)
        end.append(total - begin[-1])
    return begin, end


def pad_spatial(x, begin, end, value=0.0):
    flat = [p for pair in zip(reversed(begin), reversed(end)) for p in pair]
    return F.pad(x, flat, value=value)


@op("Conv")
def conv(node, x, weight, bias=None):
    rank = weight.dim() - 2
    if rank not in (1, 2, 3):
        raise Unsupported(f"Conv over {rank} axes")
    strides, dilations = node.get("strides", [1] * rank), node.get("dilations", [1] * rank)
    begin, end = window_pads(node, node.shapes[1][2:], strides, dilations)
    if begin != end:
        x, begin = pad_spatial(x, begin, end), [0] * rank
    function = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
    return function(x, weight, bias, strides, begin, dilations, node.get("group", 1))


@op("ConvTranspose")
def conv_transpose(node, x, weight, bias=None):
    rank = weight.dim() - 2
    strides, dilations = node.get("strides", [1] * rank), node.get("dilations", [1] * rank)
    extra = node.get("output_padding", [0] * rank)
    if node.get("output_shape") or node.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise Unsupported("ConvTranspose with a given output shape")
    begin, end = window_pads(node, node.shapes[1][2:], strides, dilations)
    function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[rank - 1]
    if begin == end:
        return function(x, weight, bias, strides, begin, extra, node.get("group", 1), dilations)
    y = function(x, weight, bias, strides, 0, extra, node.get("group", 1), dilations)
    index = tuple(slice(b, y.shape[2 + i] - e) for i, (b, e) in enumerate(zip(begin, end)))
    return y[(slice(None), slice(None)) + index]


def pool(node, x, functions, value, **extra):
    kernel = node.get("kernel_shape")
    rank = len(kernel)
    strides, dilations = node.get("strides", [1] * rank), node.get("dilations", [1] * rank)
    begin, end = window_pads(node, kernel, strides, dilations)
    ceil = bool(node.get("ceil_mode", 0))
    if begin != end or any(2 * b > k for b, k in zip(begin, kernel)):
        if value is None:
            raise Unsupported("AveragePool with uneven padding that is not counted")
        x, begin = pad_spatial(x, begin, end, value), [0] * rank
    return functions[rank - 1](x, kernel, strides, begin, ceil_mode=ceil, **extra)


@op("MaxPool")
def max_pool(node, x):
    rank = len(node.get("kernel_shape"))
    return pool(node, x, (F.max_pool1d, F.max_pool2d, F.max_pool3d), float("-inf"),
                dilation=node.get("dilations", [1] * rank))


@op("AveragePool")
def average_pool(node, x):
    count = bool(node.get("count_include_pad", 0))
    return pool(node, x, (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d), 0.0 if count else None,
                count_include_pad=count)


@op("GlobalAveragePool")
def global_average_pool(node, x):
    return x.mean(list(range(2, x.dim())), keepdim=True)


@op("GlobalMaxPool")
def global_max_pool(node, x):
    return x.amax(list(range(2, x.dim())), keepdim=True)


@op("BatchNormalization")
def batch_normalization(node, x, scale, bias, mean, var):
    return F.batch_norm(x, mean, var, scale, bias, False, 0.0, node.get("epsilon", 1e-5))


@op("LayerNormalization")
def layer_normalization(node, x, scale, bias=None):
    dims = node.shapes[0][node.get("axis", -1) % x.dim():]
    if node.shapes[1] != dims or (bias is not None and node.shapes[2] != dims):
        raise Unsupported("LayerNormalization whose scale is broadcast")
    return F.layer_norm(x, dims, scale, bias, node.get("epsilon", 1e-5))


@op("InstanceNormalization")
def instance_normalization(node, x, scale, bias):
    return F.instance_norm(x, weight=scale, bias=bias, eps=node.get("epsilon", 1e-5))


def along(node, x, function):
    """Softmax and its like: before opset 13 over all axes from `axis` on."""
    if node.opset >= 13:
        return function(x, node.get("axis", -1))
    axis = node.get("axis", 1) % x.dim()
    if axis == x.dim() - 1:
        return function(x, axis)
    return function(x.flatten(axis), axis).reshape(node.shapes[0])


@op("Softmax")
def softmax(node, x):
    return along(node, x, torch.softmax)


@op("LogSoftmax")
def log_softmax(node, x):
    return along(node, x, torch.log_softmax)


@op("Gemm")
def gemm(node, a, b, c=None):
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    a = a.t() if node.get("transA", 0) else a
    if alpha == 1 and beta == 1 and (c is None or c.dim() == 1):
        return F.linear(a, b if node.get("transB", 0) else b.t(), c)
    b = b.t() if node.get("transB", 0) else b
    return alpha * (a @ b) if c is None else torch.addmm(c, a, b, beta=beta, alpha=alpha)


@op("Pad")
def pad(node, x, *_):
    pads = node.ints(1) or node.get("pads")
    rank = x.dim()
    axes = node.axes(3) or list(range(rank))
    begin, end = [0] * rank, [0] * rank
    for i, axis in enumerate(axes):
        begin[axis % rank], end[axis % rank] = pads[i], pads[len(axes) + i]
    flat = [p for pair in zip(reversed(begin), reversed(end)) for p in pair]
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}[
        node.get("mode", "constant")]
    if mode == "constant":
        value = node.number(2) if node.has(2) else node.get("value", 0.0)
        return F.pad(x, flat, value=value or 0.0)
    while len(flat) > 2 and flat[-2:] == [0, 0]:
        flat = flat[:-2]
    return F.pad(x, flat, mode)


@op("Resize", "Upsample")
def resize(node, x, *_):
    sizes = node.ints(3)
    scales = node.floats(2) if node.opset >= 11 else node.floats(1) or node.get("scales")
    if not sizes:
        sizes = [int(s * f) for s, f in zip(node.shapes[0], scales)]
    if tuple(sizes[:2]) != node.shapes[0][:2]:
        raise Unsupported("Resize of the first two axes")
    mode = node.get("mode", "nearest")
    where = node.get("coordinate_transformation_mode",
                     "half_pixel" if node.opset >= 11 else "asymmetric")
    if mode == "nearest":
        whole = all(s % d == 0 for s, d in zip(sizes, node.shapes[0]))
        if not whole and (where != "asymmetric" or node.get("nearest_mode") != "floor"):
            raise Unsupported("Resize to the nearest by a broken factor")
        return F.interpolate(x, sizes[2:], mode="nearest")
    if mode != "linear" or x.dim() != 4 or where == "asymmetric":
        raise Unsupported(f"Resize {mode}, {where}")
    return F.interpolate(x, sizes[2:], mode="bilinear", align_corners=where == "align_corners")


@op("GridSample")
def grid_sample(node, x, grid):
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(node.get("mode", "bilinear"),
                                                         node.get("mode", "bilinear"))
    return F.grid_sample(x, grid, mode, node.get("padding_mode", "zeros"),
                         bool(node.get("align_corners", 0)))


def gates(weight, order):
    """Reorders the gates along the first axis."""
    parts = weight.chunk(len(order))
    return torch.cat([parts[i] for i in order])


def recurrent_weights(node, order, tensors):
    """PyTorch's flat list of weights; ONNX keeps directions in the first axis."""
    w, r, b = tensors
    flat = []
    for d in range(w.shape[0]):
        flat += [gates(w[d], order), gates(r[d], order)]
        half = r.shape[1]
        bias = torch.zeros(2 * half) if b is None else b[d]
        flat += [gates(bias[:half], order), gates(bias[half:], order)]
    return flat


def recurrence(node, x, order, tensors, states, run):
    if not all(node.constant(i) for i in (1, 2)) or node.has(4):
        raise Unsupported(f"{node.op} with weights or lengths given at run time")
    if node.get("layout", 0) or node.get("activations") not in (None, node.default_activations()):
        raise Unsupported(f"{node.op} with other activations or layout")
    directions, hidden = node.shapes[1][0], node.get("hidden_size")
    length, batch = node.shapes[0][:2]
    weights, zeros = node.cached(lambda: (recurrent_weights(node, order, tensors),
                                          torch.zeros(directions, batch, hidden)))
    states = [zeros if s is None else s for s in states]
    reverse = node.get("direction", "forward") == "reverse"
    y, *last = run(x.flip(0) if reverse else x, states, weights, directions == 2)
    y = y.flip(0) if reverse else y
    y = y.reshape(length, batch, directions, hidden).permute(0, 2, 1, 3)
    return (y, *last)


@op("LSTM")
def lstm(node, x, w, r, b=None, lengths=None, h=None, c=None, peepholes=None):
    if peepholes is not None:
        raise Unsupported("LSTM with peepholes")

    def run(x, states, weights, both):
        return torch._VF.lstm(x, states, weights, True, 1, 0.0, False, both, False)

    return recurrence(node, x, (0, 2, 3, 1), (w, r, b), [h, c], run)


@op("GRU")
def gru(node, x, w, r, b=None, lengths=None, h=None):
    if not node.get("linear_before_reset", 0):
        raise Unsupported("GRU that resets before the product")

    def run(x, states, weights, both):
        return torch._VF.gru(x, states[0], weights, True, 1, 0.0, False, both, False)

    return recurrence(node, x, (1, 0, 2), (w, r, b), [h], run)
