"""Training steps in PyTorch: the networks of bench/training, timed as its own optimisers run them.

  torch_training.py NETWORK BATCH THREADS SECONDS CHANNELS_LAST     prints the milliseconds of a step
"""
import sys
import time

import torch
from torch import nn


def catdog():
    layers = []
    for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(128 * 16 * 16, 128), nn.ReLU(), nn.Linear(128, 1)]
    return nn.Sequential(*layers), (3, 128, 128), nn.BCEWithLogitsLoss()


def mlp():
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128),
                            nn.ReLU(), nn.Linear(128, 10))
    return network, (1, 28, 28), nn.CrossEntropyLoss()


NETWORKS = {"catdog": catdog, "mlp": mlp}


def step_milliseconds(name, batch, seconds, channels_last):
    torch.manual_seed(1)
    network, sample, loss_of = NETWORKS[name]()
    data = torch.rand(batch, *sample)
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
        data = data.to(memory_format=torch.channels_last)
    binary = isinstance(loss_of, nn.BCEWithLogitsLoss)
    labels = torch.zeros(batch, 1) if binary else torch.zeros(batch, dtype=torch.long)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01)

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
    name, batch, threads, seconds, channels_last = sys.argv[1:6]
    torch.set_num_threads(int(threads))
    torch.set_flush_denormal(True)
    print(step_milliseconds(name, int(batch), float(seconds), channels_last == "1"))


if __name__ == "__main__":
    main()
