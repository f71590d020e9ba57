"""The networks of bench/training as PyTorch users write them, and their weights from an ONNX file.

NETWORKS[name]() gives (module, shape of a sample, loss); scores go to the loss as they are.
"""
import onnx
import torch
from onnx import numpy_helper
from torch import nn


def catdog():
    layers = []
    for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(128 * 16 * 16, 128), nn.ReLU(), nn.Linear(128, 1)]
    return nn.Sequential(*layers), (3, 128, 128), nn.BCEWithLogitsLoss()


def perceptron():
    network = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    return network, (784,), nn.CrossEntropyLoss()


def conv_norm(inputs, outputs, kernel, stride=1, groups=1):
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs)]


class BasicBlock(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.body = nn.Sequential(*conv_norm(inputs, width, 3, stride), nn.ReLU(inplace=True),
                                  *conv_norm(width, width, 3))
        same = inputs == width and stride == 1
        self.shortcut = nn.Sequential(*([] if same else conv_norm(inputs, width, 1, stride)))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.body(x) + self.shortcut(x))


def resnet18():
    layers = [*conv_norm(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for width in (64, 128, 256, 512):
        layers += [BasicBlock(inputs, width, 2 if width > 64 else 1), BasicBlock(width, width, 1)]
        inputs = width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000)]
    return nn.Sequential(*layers), (3, 224, 224), nn.CrossEntropyLoss()


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        layers = [] if expansion == 1 else [*conv_norm(inputs, hidden, 1), nn.ReLU6(inplace=True)]
        layers += [*conv_norm(hidden, hidden, 3, stride, hidden), nn.ReLU6(inplace=True),
                   *conv_norm(hidden, outputs, 1)]
        self.body = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


def mobilenet_v2():
    layers, inputs = [*conv_norm(3, 32, 3, 2), nn.ReLU6(inplace=True)], 32
    for expansion, outputs, repeats, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2),
                                                (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                                                (6, 320, 1, 1)):
        for i in range(repeats):
            layers.append(InvertedResidual(inputs, outputs, 1 if i else stride, expansion))
            inputs = outputs
    layers += [*conv_norm(320, 1280, 1), nn.ReLU6(inplace=True), nn.AdaptiveAvgPool2d(1),
               nn.Flatten(), nn.Linear(1280, 1000)]
    return nn.Sequential(*layers), (3, 224, 224), nn.CrossEntropyLoss()


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(256, 8, 1024, 0.0, "gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(256, 10)

    def forward(self, x):
        return self.head(self.layers(x).mean(1))


def encoder():
    return Encoder(), (128, 256), nn.CrossEntropyLoss()


NETWORKS = {f.__name__: f for f in (catdog, perceptron, resnet18, mobilenet_v2, encoder)}


def is_binary(loss):
    return isinstance(loss, nn.BCEWithLogitsLoss)


def tensors_of(module):
    """Parameters and statistics in the order in which the ONNX file's nodes read them."""
    if isinstance(module, nn.TransformerEncoderLayer):
        for part in (module.self_attn, module.norm1, module.linear1, module.linear2, module.norm2):
            yield from tensors_of(part)
    elif isinstance(module, nn.MultiheadAttention):
        for pair in zip(module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3)):
            yield from pair
        yield from tensors_of(module.out_proj)
    elif isinstance(module, nn.BatchNorm2d):
        yield from (module.weight, module.bias, module.running_mean, module.running_var)
    elif any(True for _ in module.children()):
        for part in module.children():
            yield from tensors_of(part)
    else:
        yield from module.parameters(recurse=False)


def arrays_of(path):
    """The file's weights in the order in which nodes read them, as PyTorch lays them out."""
    graph = onnx.load(path).graph
    known = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in graph.node:
        for name in node.input:
            value = known.get(name)
            if value is not None and value.dtype == "float32" and value.ndim:
                yield value.T if node.op_type == "MatMul" else value


def load_weights(network, path):
    tensors, arrays = list(tensors_of(network)), list(arrays_of(path))
    shapes = [tuple(t.shape) for t in tensors], [a.shape for a in arrays]
    if shapes[0] != shapes[1]:
        raise ValueError(f"{path} does not hold the weights of this network")
    with torch.no_grad():
        for tensor, array in zip(tensors, arrays):
            tensor.copy_(torch.from_numpy(array.copy()))
