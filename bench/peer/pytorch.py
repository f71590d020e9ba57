"""PyTorch as a process that takes turns. usage: pytorch.py THREADS; then a request a line (JSON).

{"load": MODEL, "inputs": [NPY...], "seconds": S}  builds the variants, keeps the fastest
{"measure": S}                                      times it for that long
{"save": FOLDER}                                    writes the outputs, one K.npy each
{"forget": true}                                    frees the network
Each is answered with one line of JSON; {"error": reason} when it cannot be done.
"""
import json
import sys
import time
import warnings

import numpy as np
import torch

from torch_network import Network


def time_runs(run, seconds):
    """Times in ms: warm-up for a tenth, then at least 5 runs."""
    clock = time.perf_counter
    start = clock()
    while clock() - start < seconds / 10:
        run()
    times, start = [], clock()
    while len(times) < 5 or (clock() - start < seconds and len(times) < 100_000):
        begin = clock()
        run()
        times.append(clock() - begin)
    times.sort()
    return [t * 1e3 for t in times]


def quantile(times, q):
    return times[int(q * (len(times) - 1) + 0.5)]


def closest(outputs, reference):
    """Whether a variant computes what the untransformed network does."""
    for a, b in zip(outputs, reference):
        a = a.to_dense() if a.is_mkldnn else a
        span = float((b.max() - b.min()).abs()) if b.numel() else 0
        if a.shape != b.shape or not torch.allclose(a.double(), b.double(), rtol=1e-3,
                                                    atol=1e-3 * max(span, 1e-3), equal_nan=True):
            return False
    return True


def variants(network, inputs):
    """(name, a function that makes a function without arguments) for each way to run it."""
    def frozen(values):
        traced = torch.jit.freeze(torch.jit.trace(network, values, check_trace=False).eval())
        return lambda: traced(*values)

    def optimised(values):
        traced = torch.jit.optimize_for_inference(
            torch.jit.trace(network, values, check_trace=False).eval())
        return lambda: traced(*values)

    def channels_last(make):
        network.channels_last()
        return make(tuple(x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x
                          for x in inputs))

    values = tuple(inputs)
    yield "frozen", lambda: frozen(values)
    yield "optimised for inference", lambda: optimised(values)
    if network.has_images():
        yield "frozen, channels last", lambda: channels_last(frozen)
        yield "optimised for inference, channels last", lambda: channels_last(optimised)


class Peer:
    def __init__(self):
        self.run = self.network = None

    def load(self, path, files, seconds):
        self.run = self.network = None
        inputs = [torch.from_numpy(np.load(f)) for f in files]
        inputs = [x.float() if x.dtype == torch.float16 else x for x in inputs]
        self.network = Network(path, inputs)
        reference = [x.clone() for x in self.network(*inputs)]
        found, failed = {}, {}
        for name, make in variants(self.network, inputs):
            try:
                run = make()
                for _ in range(3):
                    outputs = run()
                if not closest(outputs, reference):
                    raise RuntimeError("gives other values than the network itself")
                found[name] = quantile(time_runs(run, seconds), 0.5)
            except Exception as error:  # a variant may fail in any way: the others stand
                failed[name] = str(error).strip().split("\n")[-1][:200]
                continue
            if found[name] == min(found.values()):
                best, self.run = name, run
        if not found:
            raise RuntimeError(f"no variant runs: {failed}")
        return {"variant": best, "variants_ms": found, "failed": failed}

    def measure(self, seconds):
        times = time_runs(self.run, seconds)
        return {"p50_ms": quantile(times, 0.5), "p99_ms": quantile(times, 0.99),
                "min_ms": times[0], "runs": len(times)}

    def save(self, folder):
        for i, value in enumerate(self.network.all_outputs(self.run())):
            value = value.to_dense() if value.is_mkldnn else value
            np.save(f"{folder}/{i}.npy", value.contiguous().numpy())
        return {}


def answer(peer, request):
    if "forget" in request:
        peer.run = peer.network = None
        return {}
    if "load" in request:
        return peer.load(request["load"], request["inputs"], request["seconds"])
    return peer.save(request["save"]) if "save" in request else peer.measure(request["measure"])


def main():
    warnings.simplefilter("ignore")
    torch.set_flush_denormal(True)
    torch.set_num_threads(int(sys.argv[1]))
    peer = Peer()
    print(json.dumps({"version": torch.__version__}), flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            try:
                reply = answer(peer, json.loads(line))
            except Exception as error:
                reply = {"error": f"{type(error).__name__}: {error}".split("\n")[0][:300]}
            print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
