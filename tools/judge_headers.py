"""What the safetensors library (Rust, through its Python package) says of files that come in on standard input.

    pip install safetensors==0.8.0
    NIBBLE_PYTHON=python npm run test:faults -- headers

Each file is its length as a little-endian u32 and its bytes. Of each, five bytes go out: 0 if the library refuses it, 1
if it reads it, 2 if it reads it although an object of the header has a key twice, of which it takes the last; and the
CRC-32 of what it read: of each tensor, in the order of their names as UTF-8, a line "name, dtype, shape, bytes" whose
parts are set apart by NULs. The first line out is the library's version.
"""

import json
import struct
import sys
import zlib

import safetensors


def line(name: str, tensor: dict) -> bytes:
    shape = ",".join(str(d) for d in tensor["shape"])
    return f"{name}\0{tensor['dtype']}\0{shape}\0{len(tensor['data'])}\n".encode()


class KeyTwice(Exception):
    pass


def once(pairs: list) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise KeyTwice
    return found


def has_key_twice(file: bytes) -> bool:
    (length,) = struct.unpack("<Q", file[:8])
    try:
        json.loads(file[8 : 8 + length], object_pairs_hook=once)
        return False
    except KeyTwice:
        return True


def judge(file: bytes) -> bytes:
    try:
        tensors = safetensors.deserialize(file)
    except safetensors.SafetensorError:
        return b"\0\0\0\0\0"
    lines = sorted(line(name, tensor) for name, tensor in tensors)
    return struct.pack("<BI", 1 + has_key_twice(file), zlib.crc32(b"".join(lines)))


def main() -> None:
    files, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(f"safetensors {safetensors.__version__}\n".encode())
    answers.flush()
    # A batch is as many files as its first u32 says: answers go out once a batch.
    while head := files.read(4):
        (count,) = struct.unpack("<I", head)
        judged = []
        for _ in range(count):
            (length,) = struct.unpack("<I", files.read(4))
            judged.append(judge(files.read(length)))
        answers.write(b"".join(judged))
        answers.flush()


main()
