"""The peers: ONNX Runtime from npm into the build folder, PyTorch and onnx from Debian."""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BURIN = ROOT / "build" / "burin"
FOLDER = ROOT / "build" / "peers"
ONNXRUNTIME = "1.30.0"
PACKAGES = ["python3-torch", "python3-onnx", "libopenblas0-openmp"]
PYTHON = "/usr/bin/python3"
# OpenBLAS that shares PyTorch's threads: with threads of its own the two pools fight for the cores.
OPENBLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"


class Missing(Exception):
    """Something that the comparison cannot do without; the text says what to do."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
                          capture_output=True, text=True)
    return done.stdout == "installed"


def install_debian(packages):
    say(f"installing {' '.join(packages)} (apt)")
    command = ["apt-get", "install", "-y", "-qq", *packages]
    if os.geteuid() != 0:
        command = ["sudo", *command]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
    if done.returncode:
        raise Missing("apt-get install failed: " + done.stderr.strip()[-300:])


def install_onnxruntime():
    if (FOLDER / "node_modules" / "onnxruntime-node").is_dir():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    say(f"installing onnxruntime-node {ONNXRUNTIME} (npm) into {FOLDER}")
    # The CPU library is in the package; its install script only adds GPU ones.
    done = subprocess.run(["npm", "install", "--silent", "--ignore-scripts", "--prefix",
                           str(FOLDER), f"onnxruntime-node@{ONNXRUNTIME}"],
                          capture_output=True, text=True)
    if done.returncode:
        raise Missing("npm install failed: " + (done.stderr or done.stdout).strip()[-300:])


def install():
    if not BURIN.exists():
        raise Missing(f"{BURIN} is not there: cmake --preset release && "
                      "cmake --build --preset release")
    wanted = [p for p in PACKAGES if not installed(p)]
    wanted += [p for p in ("nodejs", "npm") if not shutil.which({"nodejs": "node"}.get(p, p))]
    if wanted:
        install_debian(wanted)
    install_onnxruntime()


def has_avx512():
    return " avx512f " in pathlib.Path("/proc/cpuinfo").read_text()
