#!/usr/bin/env bash
# Installs what building, testing and trying Burin needs on Debian 12. Run as root or with sudo.
#   tools/install-deps.sh build   only what the compiler and the libraries need
#   tools/install-deps.sh         that, and what the tests and the demo use
set -eu

build=(g++ cmake ninja-build pkg-config libasmjit-dev libprotozero-dev
       libturbojpeg0-dev libspng-dev libwebp-dev libcli11-dev libfmt-dev nlohmann-json3-dev
       zlib1g-dev)
extra=(libgtest-dev libbenchmark-dev python3 libonnx-testdata dataset-fashion-mnist openmpi-bin)
want=("${build[@]}")
[ "${1:-all}" = build ] || want+=("${extra[@]}")

missing=()
for package in "${want[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "installing: ${missing[*]}"
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  "${missing[@]}" >/dev/null
