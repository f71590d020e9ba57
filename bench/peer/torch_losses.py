"""The losses of training in PyTorch from the weights of an ONNX file, on the batches of a folder.

  torch_losses.py NETWORK FILE FOLDER STEPS BATCH OPTIMISER RATE THREADS CHANNELS_LAST
The folder holds x.npy and y.npy, whose rows are taken in order, again from the first when all are
used. Prints a JSON list.
"""
import json
import sys

import numpy
import torch

from torch_networks import NETWORKS, is_binary, load_weights

OPTIMISERS = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}


def losses(name, path, folder, steps, batch, optimiser, rate, channels_last):
    network, _, loss_of = NETWORKS[name]()
    load_weights(network, path)
    x = torch.from_numpy(numpy.load(folder + "/x.npy")).split(batch)
    y = torch.from_numpy(numpy.load(folder + "/y.npy")).split(batch)
    if is_binary(loss_of):
        y = [labels.float().unsqueeze(1) for labels in y]
    if channels_last and x[0].dim() == 4:
        network = network.to(memory_format=torch.channels_last)
        x = [data.to(memory_format=torch.channels_last) for data in x]
    method = OPTIMISERS[optimiser](network.parameters(), lr=rate)
    for step in range(steps):
        loss = loss_of(network(x[step % len(x)]), y[step % len(x)])
        method.zero_grad(set_to_none=True)
        loss.backward()
        method.step()
        yield loss.item()


def main():
    name, path, folder, steps, batch, optimiser, rate, threads, channels_last = sys.argv[1:]
    torch.set_num_threads(int(threads))
    print(json.dumps(list(losses(name, path, folder, int(steps), int(batch), optimiser, float(rate),
                                 channels_last == "1"))))


if __name__ == "__main__":
    main()
