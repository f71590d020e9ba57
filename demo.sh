#!/usr/bin/env bash
# Installs what is missing, builds, and engraves and runs real networks: LeNet on Fashion-MNIST
# photos, and every network under ../shared/models on its stored inputs, checked against the oracle.
# The trained networks' answers are compared with their stored outputs too.
set -eu
cd "$(dirname "$0")"

tools/install-deps.sh
cmake --preset release >/dev/null
cmake --build build --target burin

burin=build/burin
images=/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz
echo
$burin doctor
echo
exec python3 tools/demo.py "$burin" "$images" ../shared/models
