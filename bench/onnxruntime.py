#!/usr/bin/env python3
"""Burin beside ONNX Runtime on the same machine, in turn: several rounds, the median of the ratios.

Installs ONNX Runtime's Node binding (npm onnxruntime-node) into the build folder on first use.

usage: bench/onnxruntime.py [--threads 1] [--rounds 7] [--seconds 1] [NETWORK ...]
NETWORK is a built-in network's name or an ONNX file; the default is resnet50. --json FILE keeps the
figures.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BURIN = ROOT / "build" / "burin"
PEER = ROOT / "build" / "peers"
VERSION = "1.30.0"


def install_peer():
    if (PEER / "node_modules" / "onnxruntime-node").is_dir():
        return
    PEER.mkdir(parents=True, exist_ok=True)
    print(f"installing onnxruntime-node {VERSION}", file=sys.stderr)
    # The CPU library is in the package; its install script only adds GPU ones.
    subprocess.run(["npm", "install", "--silent", "--ignore-scripts", "--prefix", str(PEER),
                    f"onnxruntime-node@{VERSION}"], check=True)


class Peer:
    """ONNX Runtime in a process that waits for its turn."""

    def __init__(self, model, threads):
        env = dict(os.environ, NODE_PATH=str(PEER / "node_modules"))
        self.process = subprocess.Popen(
            ["node", str(ROOT / "bench" / "peer_onnxruntime.js"), model, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.first_result_ms = json.loads(self.process.stdout.readline())["first_result_ms"]

    def measure(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure_burin(model, threads, seconds):
    done = subprocess.run([str(BURIN), "bench", model, "--threads", str(threads), "--seconds",
                           str(seconds), "--json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip())
    return json.loads(done.stdout)


def model_file(network):
    if os.path.exists(network):
        return network
    path = PEER / f"{network}.onnx"
    if not path.exists():
        subprocess.run([str(BURIN), "zoo", network, "-o", str(path)], check=True,
                       stdout=subprocess.DEVNULL)
    return str(path)


def compare(network, threads, rounds, seconds):
    model = model_file(network)
    peer = Peer(model, threads)
    ours, theirs, ratios, first = [], [], [], []
    for _ in range(rounds):
        theirs.append(peer.measure(seconds)["p50_ms"])
        report = measure_burin(model, threads, seconds)
        ours.append(report["p50_ms"])
        first.append(report["first_result_ms"])
        ratios.append(theirs[-1] / ours[-1])
    peer.close()
    return {"network": network, "threads": threads, "burin_ms": statistics.median(ours),
            "onnxruntime_ms": statistics.median(theirs), "speedup": statistics.median(ratios),
            "burin_first_result_ms": statistics.median(first),
            "onnxruntime_first_result_ms": peer.first_result_ms}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("networks", nargs="*", default=["resnet50"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--json")
    options = parser.parse_args()
    install_peer()
    results = []
    print(f"{'network':<16}{'threads':>8}{'Burin':>12}{'ONNX Runtime':>15}{'speed-up':>10}"
          f"{'first result':>15}{'ORT first':>12}")
    for network in options.networks or ["resnet50"]:
        r = compare(network, options.threads, options.rounds, options.seconds)
        results.append(r)
        print(f"{r['network']:<16}{r['threads']:>8}{r['burin_ms']:>9.3f} ms{r['onnxruntime_ms']:>12.3f} ms"
              f"{r['speedup']:>9.2f}x{r['burin_first_result_ms']:>12.1f} ms"
              f"{r['onnxruntime_first_result_ms']:>9.1f} ms", flush=True)
    if options.json:
        temporary = options.json + ".tmp"
        pathlib.Path(temporary).write_text(json.dumps(results, indent=2) + "\n")
        os.replace(temporary, options.json)


if __name__ == "__main__":
    main()
