"""Tests the report of bench/peers on made-up rows: no peer is needed."""
import pathlib
import sys
import unittest
from xml.etree import ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench" / "peer"))

import chart  # noqa: E402
import report  # noqa: E402


def row(network, threads, ours, onnxruntime, pytorch=None, agree=True, group="zoo"):
    def engine(p50, ratio=None):
        return {"p50_ms": p50, "p99_ms": p50 * 1.1, "steadiness": 1.1, "ratio": ratio,
                "peak_rss_bytes": 2**20, "load": {"first_result_ms": 9.0, "library_ms": 1.0,
                                                  "process_ms": 3.0, "node_rss_bytes": 2**20}}
    burin = {**engine(ours), "share_of_peak": 0.5, "stages_ms": {"engrave": 1.0},
             "code_bytes": 1024, "arena_bytes": 0, "machine_steadiness": 1.3,
             "undisturbed_steadiness": 1.05}
    if threads > 1:
        burin["gain"] = 1.9
    result = {"network": network, "threads": threads, "group": group, "agree": agree,
              "differences": {"burin": 1e-6}, "refused": {}, "burin": burin,
              "onnxruntime": engine(onnxruntime, onnxruntime / ours), "faster": "onnxruntime"}
    if pytorch:
        result["pytorch"] = engine(pytorch, pytorch / ours)
        if pytorch < onnxruntime:
            result["faster"] = "pytorch"
    result["ratio"] = result[result["faster"]]["ratio"]
    return result


ROWS = [row("wide", 1, 2.0, 4.0, 3.0), row("wide", 2, 1.0, 2.0), row("deep", 1, 4.0, 2.0),
        row("deep & <odd>", 2, 1.0, 8.0, group="models", agree=False), row("tiny", 1, 0.001, 0.02)]
RESULT = {"rows": ROWS, "overhead_ms": {"burin": 0.0001, "onnxruntime": 0.01, "pytorch": 0.01},
          "machine": {"onnxruntime": "1", "pytorch": "1", "processor": "p", "cores": 2,
                      "commit": "c"}, "at": "2000-01-01", "target": "native", "rounds": 1}


class Report(unittest.TestCase):
    def test_means_leave_small_rows_out(self):
        summary = report.summary(ROWS)
        self.assertAlmostEqual(summary["1"]["geometric_mean"], (1.5 * 0.5) ** 0.5)
        self.assertEqual(summary["1"]["small_rows"], 1)
        self.assertAlmostEqual(summary["2"]["geometric_mean"], 4.0)

    def test_slower_and_disagreeing_rows_are_named(self):
        summary = report.summary(ROWS)
        self.assertEqual(summary["1"]["below_1"], [["deep", 0.5]])
        self.assertEqual(summary["2"]["disagree"], ["deep & <odd>"])
        self.assertIn("DISAGREES", report.text(RESULT))

    def test_rows_that_agree_between_roundings_say_so(self):
        found = {"burin": {"quanta": 1, "floats": 0.0}, "onnxruntime": {"quanta": 0, "floats": 0.0}}
        self.assertEqual(report.mark({"agree": True, "cuts": found}), "roundings differ by 1")
        found["onnxruntime"]["quanta"] = 129
        self.assertIn("ORT saturates by 129", report.mark({"agree": True, "cuts": found}))
        self.assertEqual(report.mark({"agree": False, "cuts": found}), "DISAGREES")

    def test_small_rows_show_what_is_left_without_the_call(self):
        line = next(s for s in report.text(RESULT).split("\n") if s.startswith("tiny"))
        self.assertIn("20.00x", line)
        self.assertIn("10.00x", line)

    def test_steadiness_and_the_gain_from_threads(self):
        table = report.steadiness_table(ROWS)
        line = next(s for s in table.split("\n") if s.startswith("wide"))
        pairs = ["1.10", "1.10", "1.05", "1.05", "1.30", "1.30", "1.10", "1.10"]
        self.assertEqual(line.split(), ["wide", *pairs, "1.90x"])

    def test_chart_holds_every_bar_between_its_edges(self):
        root = ElementTree.fromstring(chart.draw(ROWS, RESULT))
        bars = [r for r in root.iter("{http://www.w3.org/2000/svg}rect")
                if r.get("height") == f"{chart.BAR - 1.5:.1f}"]
        self.assertEqual(len(bars), len(ROWS))
        for bar in bars:
            self.assertGreaterEqual(float(bar.get("x")), chart.LEFT)
            self.assertLessEqual(float(bar.get("x")) + float(bar.get("width")),
                                 chart.WIDTH - chart.RIGHT + 1)


if __name__ == "__main__":
    unittest.main()
