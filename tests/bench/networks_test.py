"""Tests what bench/peers gives to engines and how it compares them. Needs numpy and onnx, no peer."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench" / "peer"))

try:
    import numpy as np
    from onnx import TensorProto, helper
    import cuts
    import networks
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(0)


def quantised_model():
    """x -> quantised -> dequantised y"""
    nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
             helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"])]
    weights = [helper.make_tensor("scale", TensorProto.FLOAT, [], [0.5]),
               helper.make_tensor("zero", TensorProto.UINT8, [], [128])]
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [4]) for n in ("x", "y")]
    graph = helper.make_graph(nodes, "g", info[:1], info[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])


class Networks(unittest.TestCase):
    def test_scalars_stay_scalars(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            files = networks.write_inputs(folder, {"rate": np.array(16000),
                                                   "x": np.ones((2, 3), "f").T})
            self.assertEqual(np.load(files[0]).shape, ())
            manifest = json.loads((folder / "inputs.json").read_text())
            self.assertEqual([i["dims"] for i in manifest], [[], [3, 2]])

    def test_one_element_that_differs_counts(self):
        wanted = np.array([0.0, 10.0])
        self.assertAlmostEqual(networks.difference([wanted + [0, 1]], [wanted]), 0.1)
        self.assertEqual(networks.difference([wanted[:1]], [wanted]), float("inf"))


class Cuts(unittest.TestCase):
    def test_rounded_results_become_inputs_and_outputs(self):
        model = quantised_model()
        self.assertEqual(cuts.rounded_names(model), ["q"])
        self.assertEqual([o.name for o in cuts.with_outputs(model, ["q"]).graph.output], ["y", "q"])
        graph = cuts.with_cuts(model, {"q": np.zeros(4, np.uint8)}).graph
        self.assertEqual([i.name for i in graph.input], ["x", "q"])
        self.assertEqual(graph.input[1].type.tensor_type.elem_type, TensorProto.UINT8)
        self.assertEqual([o.name for o in graph.output], ["y", "q__made"])
        self.assertEqual(list(graph.node[0].output), ["q__made"])
        self.assertEqual(graph.node[1].input[0], "q")

    def test_two_quanta_are_too_many(self):
        wanted = {"q": np.array([0, 255], np.uint8)}
        step = cuts.largest_step({"q": np.array([1, 254], np.uint8)}, wanted, ["q"])
        self.assertEqual(step, 1)
        self.assertTrue(cuts.within({"quanta": 1, "floats": 0.0}))
        self.assertFalse(cuts.within({"quanta": 2, "floats": 0.0}))
        self.assertFalse(cuts.within({"quanta": 0, "floats": 1e-3}))


if __name__ == "__main__":
    unittest.main()
