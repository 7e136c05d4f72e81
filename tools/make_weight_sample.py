"""Writes public/samples/: the first values of one Linear weight of a bundled model, for the Explore screen.

    python3 tools/make_weight_sample.py [--model public/models/nibble-tiny] [--tensor NAME] [--values 16384]

weights.bf16  the values as the checkpoint stores them, BF16, little-endian, row by row
weights.json  where they come from: model, tensor, shape, dtype, values

Run it again after the model was replaced. It needs nothing but Python.
"""

import argparse
import json
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read_header(file):
    """The header of a safetensors file, and the byte where its data begins."""
    (length,) = struct.unpack("<Q", file.read(8))
    return json.loads(file.read(length)), 8 + length


def middle_layer(header):
    """The gate projection half way up: a weight as ordinary as any."""
    names = [name for name in header if name.endswith(".mlp.gate_proj.weight")]
    return sorted(names, key=lambda name: int(name.split(".")[2]))[len(names) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=ROOT / "public/models/nibble-tiny")
    parser.add_argument("--tensor", help="default: the gate projection of the middle layer")
    parser.add_argument("--values", type=int, default=16384)
    parser.add_argument("--out", type=Path, default=ROOT / "public/samples")
    args = parser.parse_args()

    with open(args.model / "model.safetensors", "rb") as file:
        header, start = read_header(file)
        tensor = args.tensor or middle_layer(header)
        if tensor not in header:
            parser.error(f"{tensor} is not in {args.model}; it has: {', '.join(sorted(header))}")
        info = header[tensor]
        if info["dtype"] != "BF16":
            parser.error(f"{tensor} has dtype {info['dtype']}; allowed: BF16")
        begin, end = info["data_offsets"]
        file.seek(start + begin)
        data = file.read(min(end - begin, 2 * args.values))

    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "weights.bf16").write_bytes(data)
    about = {
        "model": args.model.name,
        "tensor": tensor,
        "shape": info["shape"],
        "dtype": "BF16",
        "values": len(data) // 2,
    }
    (args.out / "weights.json").write_text(json.dumps(about, indent=2) + "\n")
    print(f"{tensor} {info['shape']}: {about['values']} values")


if __name__ == "__main__":
    main()
