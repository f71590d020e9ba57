"""An ONNX file as a torch.nn.Module: one step per node whose value depends on the inputs.

Building runs the network once on the given inputs: what depends on constants or shapes alone is computed
then and there, as ONNX Runtime does. A batch normalisation goes into the convolution before it, and the
activations that exporters spell with several nodes become PyTorch's own.
"""
import onnx
import torch
from onnx import numpy_helper

import torch_nn_ops  # noqa: F401  registers its operators
from torch_ops import DTYPES, OPS, Unsupported

IN_PLACE = {"Relu": torch.relu_, "HardSwish": lambda x: torch.nn.functional.hardswish(x, True),
            "Silu": lambda x: torch.nn.functional.silu(x, True)}
OWN_RESULT = {"Conv", "Gemm", "Add", "Mul", "BatchNormalization", "ConvTranspose"}


def tensor_of(proto):
    if proto.data_type not in DTYPES:
        raise Unsupported(f"constants of type {onnx.TensorProto.DataType.Name(proto.data_type)}")
    return torch.from_numpy(numpy_helper.to_array(proto).copy()).to(DTYPES[proto.data_type])


def attribute_value(attribute):
    if attribute.type == onnx.AttributeProto.TENSOR:
        return tensor_of(attribute.t)
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode()
    if attribute.type in (6, 7, 8):
        return [v.decode() if isinstance(v, bytes) else v for v in value]
    return value


class Node:
    """One step: what the functions in OPS see."""

    def __init__(self, proto, opset):
        self.op, self.opset = proto.op_type, opset
        self.attributes = {a.name: attribute_value(a) for a in proto.attribute
                           if a.type not in (onnx.AttributeProto.GRAPH,)}
        self.names, self.results = list(proto.input), list(proto.output)
        self.outputs = len(proto.output)
        self.known = {}       # the constant operands, by position
        self.shapes = []      # every operand's shape
        self.function = OPS.get(self.op)
        self.kept = None

    def get(self, name, default=None):
        return self.attributes.get(name, default)

    def has(self, i):
        return i < len(self.names) and self.names[i] != ""

    def constant(self, i):
        return i in self.known

    def numbers(self, i):
        if not self.has(i):
            return None
        if i not in self.known:
            raise Unsupported(f"{self.op} whose operand {i} is computed while running")
        return self.known[i].tolist()

    def ints(self, i):
        value = self.numbers(i)
        return [value] if isinstance(value, int) else value

    def floats(self, i):
        return self.numbers(i)

    def axes(self, i):
        return self.ints(i) if self.has(i) else self.get("axes")

    def number(self, i):
        value = self.numbers(i)
        while isinstance(value, list):
            value = value[0] if value else None
        return value

    def cached(self, make):
        if self.kept is None:
            self.kept = make()
        return self.kept

    def default_activations(self):
        one = ["Sigmoid", "Tanh", "Tanh"] if self.op == "LSTM" else ["Sigmoid", "Tanh"]
        return one * (2 if self.get("direction") == "bidirectional" else 1)


class Network(torch.nn.Module):
    def __init__(self, path, inputs):
        super().__init__()
        model = onnx.load(path)
        self.constants, self.steps = {"": None}, []
        domains = {o.domain: o.version for o in model.opset_import}
        self.opset = domains.get("", domains.get("ai.onnx", 1))
        graph = model.graph
        initialised = {t.name for t in graph.initializer}
        self.input_names = [i.name for i in graph.input if i.name not in initialised]
        self.output_names = [o.name for o in graph.output]
        values = dict(zip(self.input_names, inputs))
        self.build(graph, values)
        self.fold_norms()
        self.join_activations()
        self.use_in_place()

    def build(self, graph, values):
        for t in graph.initializer:
            self.constants[t.name] = tensor_of(t)
        for proto in graph.node:
            if proto.op_type == "If":
                self.build_branch(proto, values)
            elif proto.op_type == "Constant":
                self.constants[proto.output[0]] = constant_node(proto)
            else:
                self.build_step(Node(proto, self.opset), values)

    def build_branch(self, proto, values):
        condition = self.constants.get(proto.input[0])
        if condition is None:
            raise Unsupported("If whose condition is computed while running")
        name = "then_branch" if bool(condition) else "else_branch"
        branch = next(a.g for a in proto.attribute if a.name == name)
        self.build(branch, values)
        for inner, outer in zip(branch.output, proto.output):
            table = self.constants if inner.name in self.constants else values
            table[outer] = table[inner.name]
            if table is values:
                self.alias(inner.name, outer, values)

    def alias(self, inner, outer, values):
        node = Node(onnx.helper.make_node("Identity", [inner], [outer]), self.opset)
        self.build_step(node, values)

    def build_step(self, node, values):
        if node.function is None:
            raise Unsupported(f"no translation of {node.op}")
        for i, name in enumerate(node.names):
            if self.constants.get(name) is not None:
                node.known[i] = self.constants[name]
        arguments = [self.constants[n] if n in self.constants else values[n] for n in node.names]
        node.shapes = [None if a is None else tuple(a.shape) for a in arguments]
        results = node.function(node, *arguments)
        results = results if isinstance(results, tuple) else (results,)
        static = node.op in ("Shape", "Size") or len(node.known) == sum(map(bool, node.names))
        for name, value in zip(node.results, results):
            (self.constants if static else values)[name] = value
        if not static:
            self.steps.append(node)

    def users(self):
        users = {}
        for step in self.steps:
            for name in step.names:
                users.setdefault(name, []).append(step)
        for name in self.output_names:
            users.setdefault(name, []).append(None)
        return users

    def producers(self):
        return {name: step for step in self.steps for name in step.results}

    def fold_norms(self):
        """Batch normalisation of a convolution's result: into its weights."""
        users, producers = self.users(), self.producers()
        for norm in [s for s in self.steps if s.op == "BatchNormalization"]:
            conv = producers.get(norm.names[0])
            if (conv is None or conv.op != "Conv" or len(users[norm.names[0]]) != 1
                    or not all(conv.constant(i) for i in range(1, len(conv.names)))):
                continue
            scale, shift, mean, var = (self.constants[n] for n in norm.names[1:5])
            factor = scale / torch.sqrt(var + norm.get("epsilon", 1e-5))
            weight = self.constants[conv.names[1]]
            bias = self.constants[conv.names[2]] if conv.has(2) else torch.zeros_like(mean)
            tag = norm.results[0]
            self.constants[tag + ".weight"] = weight * factor.reshape([-1] + [1] * (weight.dim() - 1))
            self.constants[tag + ".bias"] = (bias - mean) * factor + shift
            conv.names = [conv.names[0], tag + ".weight", tag + ".bias"]
            conv.results = norm.results
            self.steps.remove(norm)

    def join_activations(self):
        """x * sigmoid(x), x * hard_sigmoid(x) and x/2 (1 + erf(x / sqrt 2)) as one step each."""
        users, producers = self.users(), self.producers()
        for step in list(self.steps):
            if step.op == "Mul":
                self.join_gate(step, users, producers)
            elif step.op == "Erf":
                self.join_gelu(step, users, producers)

    def join_gate(self, product, users, producers):
        joined = {"Sigmoid": "Silu", "HardSigmoid": "HardSwish"}
        for x, gate in (product.names, product.names[::-1]):
            step = producers.get(gate)
            if step is None or step.op not in joined or step.names[0] != x:
                continue
            if len(users[gate]) != 1 or abs(step.get("alpha", 1 / 6) - 1 / 6) > 1e-4:
                continue
            self.steps.remove(step)
            self.replace(product, joined[step.op], x)
            return

    def join_gelu(self, erf, users, producers):
        def only_user(step):
            found = users[step.results[0]]
            return found[0] if len(found) == 1 else None

        scaled = producers.get(erf.names[0])
        chain = [erf]
        while chain[-1] is not None and len(chain) < 4:
            chain.append(only_user(chain[-1]))
        if scaled is None or scaled.op not in ("Div", "Mul") or chain[-1] is None:
            return
        x = scaled.names[0]
        others = [s for s in chain if s.op == "Mul"]
        if chain[1].op != "Add" or len(others) != 2 or not any(x in s.names for s in others):
            # x/2 taken first: the product's other operand is a product of x itself
            return
        for step in [scaled, *chain[:3]]:
            self.steps.remove(step)
        self.replace(chain[3], "Gelu", x)

    def replace(self, step, op, x):
        step.op, step.names, step.function = op, [x], OPS[op]
        step.known, step.attributes = {}, {}

    def use_in_place(self):
        users, producers = self.users(), self.producers()
        for step in self.steps:
            source = producers.get(step.names[0])
            if (step.op in IN_PLACE and source is not None and source.op in OWN_RESULT
                    and len(users[step.names[0]]) == 1):
                step.function = lambda node, x, f=IN_PLACE[step.op]: f(x)

    def has_images(self):
        return any(s.op in ("Conv", "ConvTranspose") and len(s.shapes[0]) == 4 for s in self.steps)

    def channels_last(self):
        for step in self.steps:
            if step.op in ("Conv", "ConvTranspose") and self.constants[step.names[1]].dim() == 4:
                name = step.names[1]
                self.constants[name] = self.constants[name].contiguous(
                    memory_format=torch.channels_last)
        return self

    def forward(self, *inputs):
        values = dict(zip(self.input_names, inputs))
        last = {name: i for i, step in enumerate(self.steps) for name in step.names}
        constants = self.constants
        for i, step in enumerate(self.steps):
            arguments = [constants[n] if n in constants else values[n] for n in step.names]
            results = step.function(step, *arguments)
            results = results if isinstance(results, tuple) else (results,)
            values.update(zip(step.results, results))
            for name in step.names:
                if last[name] == i and name not in self.output_names:
                    values.pop(name, None)
        return tuple(values[n] for n in self.output_names if n not in constants)

    def all_outputs(self, computed):
        """The outputs of the file, those that are constant put between the computed ones."""
        rest = iter(computed)
        return [self.constants[n] if n in self.constants else next(rest) for n in self.output_names]


def constant_node(proto):
    attribute = proto.attribute[0]
    value = attribute_value(attribute)
    if isinstance(value, torch.Tensor):
        return value
    kind = torch.float32 if attribute.name.startswith("value_float") else torch.int64
    return torch.tensor(value, dtype=kind)
