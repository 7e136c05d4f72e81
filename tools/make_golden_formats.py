"""Writes formats.safetensors: one weight in the formats of torchao, compressed-tensors, hqq and ggml, as each tool stores it.

    pip install -r tools/requirements-golden.txt
    pip install --no-deps -r tools/requirements-formats.txt
    python tools/make_golden_formats.py OUT

OUT is test/golden in this repository; test/golden/README.md says what the file holds. A second run writes the same bytes.
"""

import argparse
import ctypes
import sys
from importlib.metadata import version
from pathlib import Path

from make_golden_base import normal, write_golden

import gguf
import numpy
import torch
from compressed_tensors.compressors.base import BaseCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.utils import calculate_qparams
from hqq.core.quantize import Quantizer
from torchao.prototype.mx_formats.config import ScaleCalculationMode
from torchao.prototype.mx_formats.mx_tensor import to_mx
from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize, per_tensor_amax_to_scale

SEED = 20261
COMMAND = "python tools/make_golden_formats.py test/golden"
ROWS, COLUMNS = 6, 256
TYPES = gguf.GGMLQuantizationType


def weight() -> torch.Tensor:
    """Rows of several sizes: one with outliers, one of values that lie on ties, one with a block of zeros."""
    w = normal(SEED, "weight", ROWS, COLUMNS) * torch.tensor([1, 0.03, 1e-4, 40, 0.5, 1]).reshape(-1, 1)
    w[1, ::97] = 0.9
    w[4] = torch.arange(COLUMNS) % 29 / 8 - 1.75
    w[5, 64:128] = 0
    w[5, 200] = -0.0
    return w


def by_torchao(w: torch.Tensor) -> dict[str, torch.Tensor]:
    found = {}
    for mode in ScaleCalculationMode:
        scale, packed = to_mx(w, torch.float4_e2m1fn_x2, 32, mode)
        found[f"mxfp4.{mode.value}.packed"] = packed.view(torch.uint8)
        found[f"mxfp4.{mode.value}.scale"] = scale.view(torch.uint8)
    tensor_scale = per_tensor_amax_to_scale(w.abs().max())
    scale, packed = nvfp4_quantize(w, 16, tensor_scale)
    found["nvfp4.packed"] = packed.view(torch.uint8)
    found["nvfp4.scale"] = scale.view(torch.uint8)
    found["nvfp4.tensor_scale"] = tensor_scale.reshape(1)
    return found


def by_torch(w: torch.Tensor) -> dict[str, torch.Tensor]:
    """E4M3 as torch rounds to it; of squares of 128, rows are too few for more than one."""
    found = {}
    squares = w.abs().reshape(ROWS, -1, 128).amax((0, 2)).repeat_interleave(128)
    for name, largest in {"row": w.abs().amax(1, keepdim=True), "tensor": w.abs().max().reshape(1, 1), "128x128": squares}.items():
        scale = largest / 448
        found[f"fp8.{name}.codes"] = (w / scale).to(torch.float8_e4m3fn).view(torch.uint8)
        found[f"fp8.{name}.scale"] = (scale[::128] if name == "128x128" else scale).flatten().contiguous()
    return found


def by_compressed_tensors(w: torch.Tensor) -> dict[str, torch.Tensor]:
    found = {}
    compressor = BaseCompressor.get_value_from_registry("pack-quantized")
    for group_size in (32, 128):
        for symmetric in (True, False):
            args = QuantizationArgs(num_bits=4, type="int", strategy="group", group_size=group_size, symmetric=symmetric)
            groups = w.reshape(ROWS, -1, group_size)
            scale, zero = calculate_qparams(groups.amin(-1), groups.amax(-1), args)
            scheme = QuantizationScheme(targets=["Linear"], weights=args)
            stored = compressor.compress({"weight": w.clone(), "weight_scale": scale, "weight_zero_point": zero}, scheme)
            name = f"int4.g{group_size}.{'symmetric' if symmetric else 'asymmetric'}"
            if group_size == 32:
                found[f"{name}.dequantized"] = compressor.decompress(stored, scheme)["weight"].float()
            found[f"{name}.packed"] = stored["weight_packed"]
            found[f"{name}.scale"] = stored["weight_scale"]
            if not symmetric:
                found[f"{name}.zero"] = zero.to(torch.int8)
    return found


def by_hqq(w: torch.Tensor) -> dict[str, torch.Tensor]:
    found = {}
    for group_size in (32, 64):
        packed, meta = Quantizer.quantize(
            w, nbits=4, group_size=group_size, axis=1, device="cpu", compute_dtype=torch.float32
        )
        found[f"hqq.g{group_size}.codes"] = Quantizer.unpack["4bit_u8"](packed, dtype=torch.uint8)
        found[f"hqq.g{group_size}.scale"] = meta["scale"].flatten()
        found[f"hqq.g{group_size}.zero"] = meta["zero"].flatten()
    return found


def ggml() -> ctypes.CDLL:
    (library,) = Path(sys.prefix).glob("lib/python*/site-packages/libggml-base.so")
    loaded = ctypes.CDLL(str(library))
    loaded.ggml_quantize_chunk.restype = ctypes.c_size_t
    loaded.ggml_quantize_chunk.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    loaded.ggml_version.restype = ctypes.c_char_p
    return loaded


def by_ggml(w: torch.Tensor, library: ctypes.CDLL) -> dict[str, torch.Tensor]:
    found = {}
    values = numpy.ascontiguousarray(w.numpy())
    for name in ("Q4_0", "Q4_1", "IQ4_NL", "Q4_K", "Q8_0"):
        kind = TYPES[name]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        stored = numpy.zeros((ROWS, COLUMNS // block * size), numpy.uint8)
        written = library.ggml_quantize_chunk(
            int(kind), values.ctypes.data, stored.ctypes.data, 0, ROWS, COLUMNS, None
        )
        assert written == stored.nbytes
        found[f"gguf.{name}.stored"] = torch.from_numpy(stored)
        if name in ("Q4_1", "IQ4_NL", "Q4_K"):
            found[f"gguf.{name}.dequantized"] = torch.from_numpy(gguf.dequantize(stored, kind).copy())
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    w = weight()
    library = ggml()
    tensors = {"weight": w, **by_torchao(w), **by_torch(w), **by_compressed_tensors(w), **by_hqq(w), **by_ggml(w, library)}
    packages = ("torchao", "compressed-tensors", "hqq", "gguf", "pywhispercpp")
    write_golden(
        out / "formats",
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        {
            "what": "one weight in the formats of other tools, as each stores it",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {"tools": {name: version(name) for name in packages}, "ggml": library.ggml_version().decode()},
        },
    )


if __name__ == "__main__":
    main()
