"""The environment in which PyTorch is at its best on this machine."""
import os

from install import OPENBLAS, has_avx512


def pytorch_environment(threads, target="native"):
    """For a process of PyTorch on so many threads; target avx2 holds its libraries to that."""
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads),
               LD_LIBRARY_PATH=OPENBLAS)
    # Memory that is freed stays in the process: tensors that come from the system anew in each step
    # cost page faults, which in a virtual machine take most of the time.
    env.update(MALLOC_MMAP_MAX_="0", MALLOC_TRIM_THRESHOLD_=str(1 << 40))
    if target == "native" and has_avx512():
        # Debian's builds know no processor newer than 2021 and fall back to AVX2.
        env.update(ATEN_CPU_CAPABILITY="avx512", OPENBLAS_CORETYPE="SKYLAKEX")
    if target == "avx2":
        env.update(ATEN_CPU_CAPABILITY="avx2", OPENBLAS_CORETYPE="HASWELL", DNNL_MAX_CPU_ISA="AVX2")
    return env
