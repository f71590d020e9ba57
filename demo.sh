#!/usr/bin/env bash
# Installs what is missing, builds, and trains: without arguments a small network on Fashion-MNIST, for
# about a minute; `./demo.sh photos/` one on a folder of photos (one folder a class, or cat.0.jpg). Then
# classifies a few pictures with the ONNX file that came of it. All it writes is under build/demo.
set -eu
cd "$(dirname "$0")"

tools/install-deps.sh
cmake --preset release >/dev/null
cmake --build build --target burin

burin=build/burin
out=build/demo
mkdir -p $out

# classify FOLDER PICTURE...: what the network of this training says of each picture.
classify() {
  local folder=$1
  shift
  for picture in "$@"; do
    echo
    echo "$picture:"
    $burin run "$folder/best.onnx" "$picture" --top 2
  done
}

if [ $# -gt 0 ]; then
  rm -rf $out/photos
  echo "== training on the photos in $1 (examples/photos.net)"
  $burin train "$1" --net examples/photos.net --sizes 48,64,80 --flip --crop 0.5 --batch 32 --epochs 45 \
    --lr 0.003 --weight-decay 0.05 --schedule one_cycle --label-smoothing 0.1 --ema 0.998 \
    --normalise imagenet -o $out/photos
  mapfile -t some < <(find -L "$1" -iregex '.*\.\(jpe?g\|png\|webp\)' | sort | awk 'NR % 37 == 1' | head -n 4)
  echo
  echo "== some of them, by $out/photos/best.onnx"
  classify $out/photos "${some[@]}"
  echo
  echo "how it went: $out/photos/report.html"
  exit
fi

rm -rf $out/fashion
tools/demo_pictures.py /usr/share/datasets/fashion-mnist $out \
  t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle-boot
echo "== training on 60,000 pictures of clothes (examples/fashion.net)"
$burin train $out/samples --net examples/fashion.net --flip --batch 128 --epochs 3 \
  --lr 0.006 --schedule one_cycle --label-smoothing 0.05 --ema 0.99 -o $out/fashion
echo
echo "accuracy on the 10,000 test pictures: $(python3 -c '
import json, sys
best = max(json.loads(line)["validation_accuracy"] for line in open(sys.argv[1]))
print(f"{100 * best:.2f} %")' $out/fashion/metrics.jsonl)"
echo
echo "== test pictures, by $out/fashion/best.onnx"
classify $out/fashion $out/pictures/{trouser,sneaker,bag,dress}.png
echo
echo "how it went: $out/fashion/report.html"
