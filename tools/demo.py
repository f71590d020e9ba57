#!/usr/bin/env python3
"""The table of demo.sh: one line a network, from `burin bench --json` and `burin verify --json`.

usage: tools/demo.py BURIN IMAGES MODELS
"""
import json
import os
import subprocess
import sys

COLUMNS = ["network", "engrave", "run", "GFLOP/s", "of peak", "worst error", "check"]


def call(command):
    """(exit code, parsed JSON or None, last line of errors) of a burin command."""
    done = subprocess.run(command + ["--json"], capture_output=True, text=True)
    try:
        return done.returncode, json.loads(done.stdout), done.stderr.strip()
    except ValueError:
        return done.returncode, None, done.stderr.strip()


def milliseconds(value):
    return f"{value:.3f} ms" if value < 1 else f"{value:.1f} ms"


def row(burin, name, model, bench_inputs, verify_arguments):
    code, bench, error = call([burin, "bench", model, *bench_inputs, "--seconds", "0.3"])
    if bench is None:
        return None, error
    code, verify, error = call([burin, "verify", model, *verify_arguments, "--outputs-only"])
    if verify is None:
        return None, error
    engrave = sum(ms for stage, ms in bench["stages_ms"].items())
    checks = verify["outputs"] + verify["stored"]
    worst = max((c["relative_error"] or 0 for c in checks), default=0)
    return [name, milliseconds(engrave), milliseconds(bench["p50_ms"]),
            f"{bench['gflop_per_second']:.1f}", f"{100 * bench['share_of_peak']:.0f} %",
            f"{worst:.1e}", "ok" if code == 0 else "DIFFERS"], ""


def print_row(cells, width):
    line = f"{cells[0]:<{width}}" + "".join(f"{c:>13}" for c in cells[1:])
    print(line.rstrip(), flush=True)


def main():
    burin, images, models = sys.argv[1:4]
    jobs = []
    if os.path.exists(images):
        shape = ["--shape", "input=64x1x28x28", images]
        jobs.append(("lenet (64 Fashion-MNIST photos)", "lenet", shape, shape))
    else:
        print(f"lenet on Fashion-MNIST: skipped, {images} is not there")
    if os.path.isdir(models):
        for name in sorted(os.listdir(models)):
            folder = os.path.join(models, name)
            case = os.path.join(folder, "test_data_set_0")
            if os.path.isdir(case):
                inputs = [os.path.join(case, f"input_{k}.pb") for k in range(64)
                          if os.path.exists(os.path.join(case, f"input_{k}.pb"))]
                jobs.append((name, os.path.join(folder, "model.onnx"), inputs, ["--test-data", folder]))
    else:
        print(f"trained networks: skipped, no folder {models}")

    width = max((len(job[0]) for job in jobs), default=10)
    print_row(COLUMNS, width)
    right = wrong = 0
    refused = []
    for name, model, bench_inputs, verify_arguments in jobs:
        cells, error = row(burin, name, model, bench_inputs, verify_arguments)
        if cells is None:
            refused.append((name, error))
            continue
        print_row(cells, width)
        right, wrong = right + (cells[-1] == "ok"), wrong + (cells[-1] != "ok")
    for name, error in refused:
        print(f"{name}: not run: {error}")
    print(f"\n{right} networks agree with the oracle and with their stored outputs, {wrong} differ, "
          f"{len(refused)} are not supported")
    if wrong:
        print("`burin verify MODEL --test-data FOLDER` shows which kernels of the others differ.")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
