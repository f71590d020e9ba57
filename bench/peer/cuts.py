"""Quantised networks, compared from one rounding to the next.

A value between two quanta may be rounded either way, and a network can make anything of one quantum. So
the results of rounding nodes are cut: the model gets the reference's as inputs and gives what it makes
itself as outputs. Engines that compute the same then differ by at most QUANTA where they round and by
FLOATS of the range elsewhere, for nothing grows on the way.
"""
import numpy as np
import onnx
from onnx import helper

from networks import ELEMENT_TYPES, ROUNDING, difference, write_inputs

QUANTA = 1
FLOATS = 2e-4


class CutNetwork:
    """As networks.Network for the engines: a file, its inputs, the names of its outputs."""

    def __init__(self, folder, model, values):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "model.onnx"
        onnx.save(model, str(self.path))
        self.output_names = [o.name for o in model.graph.output]
        self.files = write_inputs(folder, values)


def rounded_names(model):
    return [name for node in model.graph.node if ROUNDING.search(node.op_type)
            for name in node.output if name]


def with_outputs(model, names):
    """The model that gives the values of these names too."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    have = {o.name for o in model.graph.output}
    shown.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in have)
    return shown


def made(name):
    return name + "__made"


def with_cuts(model, values):
    """The model that takes these values (name -> array) and gives its own as NAME__made."""
    numbers = {kind: number for number, kind in ELEMENT_TYPES.items()}
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    graph = cut.graph
    for node in graph.node:
        for i, name in enumerate(node.output):
            if name in values:
                node.output[i] = made(name)
    outputs = [o for o in graph.output if o.name not in values]
    known = [v for v in graph.value_info if v.name not in values]
    del graph.output[:], graph.value_info[:]
    graph.value_info.extend(known)
    graph.output.extend(outputs + [onnx.ValueInfoProto(name=made(name)) for name in values])
    graph.input.extend(
        helper.make_tensor_value_info(name, numbers[value.dtype.name], value.shape)
        for name, value in values.items())
    return cut


def outputs_of(kind, network, threads, target):
    engine = kind(network, threads, target)
    try:
        return dict(zip(network.output_names, engine.outputs()))
    finally:
        engine.close()


def largest_step(outputs, reference, names):
    """The largest difference among the whole numbers of these names."""
    worst = 0
    for name in names:
        a, b = outputs[name], reference[name]
        if a.shape != b.shape:
            return float("inf")
        worst = max(worst, int(np.abs(a.astype(np.int64) - b.astype(np.int64)).max(initial=0)))
    return worst


class Cut:
    """A network cut where `reference` rounds."""

    def __init__(self, network, reference, threads, target):
        self.run = lambda kind, what: outputs_of(kind, what, threads, target)
        model = onnx.load(str(network.path))
        names = rounded_names(model)
        whole = CutNetwork(network.folder / "whole", with_outputs(model, names), network.values)
        values = self.run(reference, whole)
        values = {name: values[name] for name in names}
        self.network = CutNetwork(network.folder / "cut", with_cuts(model, values),
                                  {**network.values, **values})
        self.steps = [made(n) for n in names if np.issubdtype(values[n].dtype, np.integer)]
        self.others = [n for n in self.network.output_names if n not in set(self.steps)]
        self.wanted = self.run(reference, self.network)

    def differences(self, kind):
        """The largest ones from the reference, in quanta and of the range."""
        got = self.run(kind, self.network)
        return {"quanta": largest_step(got, self.wanted, self.steps),
                "floats": difference([got[n] for n in self.others],
                                     [self.wanted[n] for n in self.others])}


def within(found):
    return found["quanta"] <= QUANTA and found["floats"] <= FLOATS
