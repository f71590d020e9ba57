"""Training steps in PyTorch: the networks of bench/training, timed as its own optimisers run them.

  torch_training.py NETWORK BATCH OPTIMISER THREADS SECONDS CHANNELS_LAST
prints the milliseconds of a step.
"""
import sys
import time

import torch

from torch_networks import NETWORKS, is_binary

OPTIMISERS = {"sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.01),
              "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.001)}


def step_milliseconds(name, batch, optimiser, seconds, channels_last):
    torch.manual_seed(1)
    network, sample, loss_of = NETWORKS[name]()
    data = torch.rand(batch, *sample)
    if channels_last and data.dim() == 4:
        network = network.to(memory_format=torch.channels_last)
        data = data.to(memory_format=torch.channels_last)
    labels = torch.zeros(batch, 1) if is_binary(loss_of) else torch.zeros(batch, dtype=torch.long)
    optimiser = OPTIMISERS[optimiser](network.parameters())

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss_of(network(data), labels).backward()
        optimiser.step()

    for _ in range(3):
        step()
    times, start = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return 1e3 * sorted(times)[len(times) // 2]


def main():
    name, batch, optimiser, threads, seconds, channels_last = sys.argv[1:7]
    torch.set_num_threads(int(threads))
    torch.set_flush_denormal(True)
    print(step_milliseconds(name, int(batch), optimiser, float(seconds), channels_last == "1"))


if __name__ == "__main__":
    main()
