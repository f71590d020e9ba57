#!/usr/bin/env python3
"""Makes a folder of named samples for demo.sh: links to the IDX files beside a classes.txt, and the
first test picture of each class as a PNG.

usage: tools/demo_pictures.py DATASET FOLDER CLASS,CLASS,...
"""
import gzip
import pathlib
import struct
import sys
import zlib

SCALE = 4  # a pixel becomes so many on each side, for people to see


def read_idx(path):
    """The bytes of an IDX file of unsigned bytes, and its dimensions."""
    data = gzip.open(path).read()
    rank = data[3]
    return data[4 + 4 * rank:], struct.unpack(f">{rank}I", data[4:4 + 4 * rank])


def png(grey, width, height):
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body +
                struct.pack(">I", zlib.crc32(kind + body)))

    rows = []
    for y in range(height):
        row = bytes(v for v in grey[y * width:(y + 1) * width] for _ in range(SCALE))
        rows += [b"\0" + row] * SCALE
    head = struct.pack(">IIBBBBB", width * SCALE, height * SCALE, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) +
            chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b""))


def main():
    dataset, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    classes = sys.argv[3].split(",")
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    (folder / "pictures").mkdir(exist_ok=True)
    for file in dataset.glob("*-ubyte.gz"):
        link = folder / "samples" / file.name
        if not link.exists():
            link.symlink_to(file)
    (folder / "samples" / "classes.txt").write_text("\n".join(classes) + "\n")
    pixels, (_, height, width) = read_idx(dataset / "t10k-images-idx3-ubyte.gz")
    labels, _ = read_idx(dataset / "t10k-labels-idx1-ubyte.gz")
    for label, name in enumerate(classes):
        at = labels.index(label) * width * height
        picture = png(pixels[at:at + width * height], width, height)
        (folder / "pictures" / f"{name}.png").write_bytes(picture)


if __name__ == "__main__":
    main()
