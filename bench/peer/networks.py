"""Which networks are compared, their files, and the inputs that every engine gets."""
import json
import os
import pathlib
import re
import subprocess

import numpy as np
import onnx
from onnx import helper, numpy_helper

from install import BURIN, FOLDER, ROOT, Missing

# Values of these types cross the process borders; ONNX's name of a type is numpy's.
ELEMENT_TYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32",
                 7: "int64", 9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64"}
ROUNDING = re.compile(r"^(Dynamic)?QuantizeLinear$|^QLinear|^QGemm$")  # ops whose results are quanta


def models_folder():
    return pathlib.Path(os.environ.get("BURIN_MODELS", ROOT / ".." / "shared" / "models")).resolve()


def zoo_names():
    done = subprocess.run([str(BURIN), "zoo", "--json"], capture_output=True, text=True, check=True)
    return [entry["name"] for entry in json.loads(done.stdout)]


def model_names():
    return sorted(p.parent.name for p in models_folder().glob("*/model.onnx"))


class Network:
    """A file, its inputs as .npy (Burin, PyTorch) and as raw bytes (Node), and how exact it can be."""

    def __init__(self, name, group):
        self.name, self.group = name, group
        self.folder = FOLDER / "networks" / re.sub(r"\W+", "_", name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.find_file()
        model = onnx.load(str(self.path), load_external_data=False)
        constants = {t.name for t in model.graph.initializer}
        self.inputs = [i for i in model.graph.input if i.name not in constants]
        self.output_names = [o.name for o in model.graph.output]
        self.tolerance = tolerance(model)
        self.rounds = any(ROUNDING.search(node.op_type) for node in model.graph.node)
        self.values = self.input_values()
        self.files = write_inputs(self.folder, self.values)

    def find_file(self):
        if self.group == "models":
            return models_folder() / self.name / "model.onnx"
        if self.group == "file":
            return pathlib.Path(self.name).resolve()
        path = self.folder / "model.onnx"
        if not path.exists() or path.stat().st_mtime < BURIN.stat().st_mtime:
            subprocess.run([str(BURIN), "zoo", self.name, "-o", str(path)], check=True,
                           stdout=subprocess.DEVNULL)
        return path

    def stored_inputs(self):
        data = self.path.parent / "test_data_set_0"
        if not all((data / f"input_{i}.pb").exists() for i in range(len(self.inputs))):
            return None
        return [numpy_helper.to_array(onnx.load_tensor(str(data / f"input_{i}.pb")))
                for i in range(len(self.inputs))]

    def input_values(self):
        """name -> array"""
        values = self.stored_inputs()
        if values is None:
            rng = np.random.default_rng(1)
            values = [random_value(info, rng) for info in self.inputs]
        return {info.name: value for info, value in zip(self.inputs, values)}


def write_inputs(folder, values):
    """Writes arrays (name -> array, in the model's order) for every engine; the .npy files."""
    files, manifest = [], []
    for i, (name, value) in enumerate(values.items()):
        value = np.asarray(value, order="C")  # a scalar stays one
        if value.dtype.name not in ELEMENT_TYPES.values():
            raise Missing(f"input {name} holds {value.dtype.name}")
        files.append(str(folder / f"input_{i}.npy"))
        np.save(files[-1], value)
        (folder / f"input_{i}.bin").write_bytes(value.tobytes())
        manifest.append({"name": name, "type": value.dtype.name, "dims": list(value.shape),
                         "file": f"input_{i}.bin"})
    (folder / "inputs.json").write_text(json.dumps(manifest))
    return files


def random_value(info, rng):
    """Normal floats; integers and bools 0 or 1; open dimensions 1."""
    kind = info.type.tensor_type
    if not kind.HasField("shape") or kind.elem_type not in ELEMENT_TYPES:
        raise Missing(f"input {info.name} is not a tensor of known shape and type")
    dims = [d.dim_value or 1 for d in kind.shape.dim]
    dtype = np.dtype(ELEMENT_TYPES[kind.elem_type])
    if dtype.kind == "f":
        return rng.standard_normal(dims).astype(dtype)
    return rng.integers(0, 2, dims).astype(dtype)


def tolerance(model):
    """Of an output's range. Networks that round are judged between roundings beside (cuts.py)."""
    if any(t.data_type == onnx.TensorProto.FLOAT16 for t in model.graph.initializer):
        return 5e-3
    return 2e-4


def difference(outputs, reference):
    """The largest difference over the reference's range; infinite where shapes or NaNs differ."""
    worst = 0.0
    for a, b in zip(outputs, reference):
        if a.shape != b.shape:
            return float("inf")
        a, b = a.astype(np.float64), b.astype(np.float64)
        finite = np.isfinite(b)
        if not np.array_equal(np.isfinite(a), finite):
            return float("inf")
        if not finite.any():
            continue
        a, b = a[finite], b[finite]
        span = b.max() - b.min() or np.abs(b).max() or 1.0
        worst = max(worst, float(np.abs(a - b).max() / span))
    return worst


def write_single_node():
    """A network of one Relu on one element: what calling an engine costs."""
    info = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1]) for n in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "one", info[:1], info[1:])
    path = FOLDER / "one_node.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
              str(path))
    return str(path)
