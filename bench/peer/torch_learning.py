"""Trains a network of bench/training in PyTorch on the pictures of a folder, as plainly as it can be.

  torch_learning.py NETWORK FILE FOLDER EPOCHS BATCH RATE SEED THREADS
The weights begin as those of the ONNX file; the folder holds x.npy (bytes), y.npy, x_test.npy and
y_test.npy. Prints a JSON list: after each epoch the share of the test pictures that it gets right.
"""
import json
import sys

import numpy
import torch

from torch_networks import NETWORKS, is_binary, load_weights


def pictures(data):
    floats = torch.from_numpy(numpy.ascontiguousarray(data)).float().div_(255)
    return floats.to(memory_format=torch.channels_last)


def accuracy(network, x, y, batch):
    network.eval()
    right = 0
    with torch.no_grad():
        for first in range(0, len(x), batch):
            scores = network(pictures(x[first:first + batch]))
            guess = (scores[:, 0] > 0).long() if scores.shape[1] == 1 else scores.argmax(1)
            right += (guess.numpy() == y[first:first + batch]).sum().item()
    network.train()
    return right / len(x)


def learn(name, path, folder, epochs, batch, rate, seed):
    network, _, loss_of = NETWORKS[name]()
    load_weights(network, path)
    network = network.to(memory_format=torch.channels_last)
    x, y, x_test, y_test = (numpy.load(f"{folder}/{part}.npy", mmap_mode="r")
                            for part in ("x", "y", "x_test", "y_test"))
    method = torch.optim.SGD(network.parameters(), lr=rate)
    random = numpy.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(len(x))
        for first in range(0, len(x) - batch + 1, batch):
            rows = order[first:first + batch]
            labels = torch.from_numpy(y[rows])
            if is_binary(loss_of):
                labels = labels.float().unsqueeze(1)
            loss = loss_of(network(pictures(x[rows])), labels)
            method.zero_grad(set_to_none=True)
            loss.backward()
            method.step()
        yield accuracy(network, x_test, y_test, 50)


def main():
    name, path, folder, epochs, batch, rate, seed, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.set_flush_denormal(True)
    print(json.dumps(list(learn(name, path, folder, int(epochs), int(batch), float(rate),
                                int(seed)))))


if __name__ == "__main__":
    main()
