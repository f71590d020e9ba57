"""Burin, ONNX Runtime and PyTorch behind one interface: measure, outputs, close.

Each engine runs in processes of its own and only when asked, so that they take turns. `Refused` says
that an engine does not run a network; nothing else is skipped.
"""
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

import numpy as np

from environment import pytorch_environment
from install import BURIN, FOLDER, PYTHON

HERE = pathlib.Path(__file__).resolve().parent
ANSWER_WITHIN = 300  # seconds
CHOOSE_SECONDS = 0.15  # for each of PyTorch's variants


class Refused(Exception):
    """The engine does not run this network; the text says why."""


class Worker:
    """A process that answers each line of JSON with one."""

    def __init__(self, name, command, env):
        self.name = name
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True, env=env)
        self.greeting = self.read()

    def read(self):
        ready, _, _ = select.select([self.process.stdout], [], [], ANSWER_WITHIN)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.close()
            self.errors.seek(0)
            last = self.errors.read().strip().split("\n")[-1]
            raise Refused(f"{self.name} " + ("ended" if ready else "hung") + f": {last[:200]}")
        reply = json.loads(line)
        if isinstance(reply, dict) and "error" in reply:
            raise Refused(reply["error"])
        return reply

    def ask(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: reading says why
        return self.read()

    def alive(self):
        return self.process.poll() is None

    def close(self):
        if self.alive():
            self.process.kill()
        self.process.wait()


class Burin:
    """`burin bench`: a fresh process at each turn, the session called without a binding."""

    key, title = "burin", "Burin"

    def __init__(self, network, threads, target="native"):
        self.network = network
        self.arguments = [str(network.path), *network.files, "--threads", str(threads),
                          "--target", target, "--json"]
        self.first = self.measure(0.01)

    def call(self, verb, *extra):
        done = subprocess.run([str(BURIN), verb, *self.arguments, *extra], capture_output=True,
                              text=True, timeout=ANSWER_WITHIN)
        if done.returncode:
            reason = (done.stderr.strip() or f"exit code {done.returncode}").split("\n")[0]
            raise Refused(reason.removeprefix("burin: "))
        return json.loads(done.stdout)

    def measure(self, seconds):
        return self.call("bench", "--seconds", str(seconds))

    def steadiness(self, seconds):
        """p99 / p50 of the network, and of fixed work in the cores' caches by turns with it: the machine's."""
        return self.call("bench", "--steadiness", "--seconds", str(seconds))["steadiness"]

    def load(self):
        """Process start to its end, one run between: milliseconds."""
        start = time.perf_counter()
        self.call("run")
        return {"process_ms": (time.perf_counter() - start) * 1e3}

    def outputs(self):
        folder = fresh_folder(self.network.folder / "burin")
        self.call("run", "-o", f"{folder}/")
        return [np.load(folder / (name.replace("/", "_") + ".npy"))
                for name in self.network.output_names]

    def close(self):
        pass


class BurinAlone(Burin):
    """The same on one thread: what the others bring."""

    key = "burin_alone"

    def __init__(self, network, target="native"):
        super().__init__(network, 1, target)


class OnnxRuntime:
    """A Node process that keeps the session; runs are called on its native binding."""

    key, title = "onnxruntime", "ONNX Runtime"
    mode = "fast"

    def __init__(self, network, threads, target="native"):
        if target != "native":
            raise Refused("cannot be held to less than the processor has")
        self.network, self.threads = network, threads
        self.worker = self.start()
        self.first = self.worker.greeting

    def start(self):
        env = dict(os.environ, NODE_PATH=str(FOLDER / "node_modules"))
        return Worker(self.title, ["node", str(HERE / "onnxruntime.js"), str(self.network.path),
                                   str(self.network.folder / "inputs.json"), str(self.threads), self.mode], env)

    def load(self):
        worker = self.start()
        worker.close()
        return worker.greeting

    def measure(self, seconds):
        return self.worker.ask(measure=seconds)

    def outputs(self):
        folder = fresh_folder(self.network.folder / "onnxruntime")
        named = {}
        for i, output in enumerate(self.worker.ask(save=str(folder))):
            raw = (folder / f"{i}.bin").read_bytes()
            named[output["name"]] = np.frombuffer(raw, output["type"]).reshape(output["dims"])
        return [named[name] for name in self.network.output_names]

    def close(self):
        self.worker.close()


class PreciseOnnxRuntime(OnnxRuntime):
    """For outputs, not for times: sums of quantised products do not saturate."""

    mode = "precise"


class PyTorch:
    """One Python process for each number of threads and target serves all networks."""

    key, title = "pytorch", "PyTorch"
    workers = {}

    def __init__(self, network, threads, target="native"):
        self.network = network
        self.worker = self.shared_worker(threads, target)
        self.first = self.worker.ask(load=str(network.path), inputs=network.files,
                                     seconds=CHOOSE_SECONDS)

    @classmethod
    def shared_worker(cls, threads, target):
        worker = cls.workers.get((threads, target))
        if worker is None or not worker.alive():
            worker = Worker(cls.title, [PYTHON, str(HERE / "pytorch.py"), str(threads)],
                            pytorch_environment(threads, target))
            cls.workers[threads, target] = worker
        return worker

    def measure(self, seconds):
        return self.worker.ask(measure=seconds)

    def outputs(self):
        folder = fresh_folder(self.network.folder / "pytorch")
        self.worker.ask(save=str(folder))
        return [np.load(folder / f"{i}.npy") for i in range(len(self.network.output_names))]

    def close(self):
        try:
            self.worker.ask(forget=True)
        except Refused:
            self.worker.close()  # the next network gets a new one

    @classmethod
    def close_all(cls):
        for worker in cls.workers.values():
            worker.close()


def fresh_folder(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
