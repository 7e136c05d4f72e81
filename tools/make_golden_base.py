"""What the make_golden scripts and check_checkpoint.py share: bitsandbytes on its torch backend alone, its known
hashes, seeded numbers, and a golden written with its .json twin. Import it before torch, transformers or bitsandbytes.
"""

import os
import sys

# peft keeps target_modules in a set: its order, which peft writes down, depends on this.
if os.environ.get("PYTHONHASHSEED") != "0":
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})

# Plain torch operations in the order of bitsandbytes' source: a compiler might fuse a product and a sum.
os.environ["TORCHDYNAMO_DISABLE"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import ctypes
import hashlib
import json
import logging
import platform
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy
import torch


def import_bitsandbytes_without_native_library():
    """bitsandbytes falls back on torch operations where its library cannot be loaded: this one cannot."""
    load = ctypes.cdll.LoadLibrary

    def refuse(name):
        if "libbitsandbytes" in str(name):
            raise OSError("left out: the torch backend is wanted")
        return load(name)

    ctypes.cdll.LoadLibrary = refuse
    try:
        import bitsandbytes
    finally:
        ctypes.cdll.LoadLibrary = load
    import bitsandbytes.cextension

    assert isinstance(bitsandbytes.cextension.lib, bitsandbytes.cextension.ErrorHandlerMockBNBNativeLibrary)
    # Otherwise Linear4bit would repack its weight and compute in bfloat16 on some CPUs.
    assert not bitsandbytes.functional.has_avx512bf16()
    return bitsandbytes


bitsandbytes = import_bitsandbytes_without_native_library()
F = bitsandbytes.functional

from safetensors.torch import save_file
from torch.overrides import TorchFunctionMode

# bitsandbytes says at every int8 layer that float32 inputs are cast to float16.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)

# Sums of several threads would depend on how many there are.
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
torch.set_grad_enabled(False)

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


# ---------------------------------------------------------------------------------------------
# Numbers


class NoFloat32(TorchFunctionMode):
    """transformers casts to float32 in norms, rotary embeddings and softmax: float64 instead, in a float64 model."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function is torch.Tensor.float:
            return args[0].double()
        if kwargs.get("dtype") is torch.float32:
            kwargs["dtype"] = torch.float64
        if function is torch.Tensor.to:
            args = tuple(torch.float64 if a is torch.float32 else a for a in args)
        return function(*args, **kwargs)


def random_numbers(seed: int, name: str) -> numpy.random.Generator:
    """numpy's PCG64: the same numbers on every CPU, which torch's generator does not promise. Each name has its own."""
    return numpy.random.default_rng([seed, zlib.crc32(name.encode())])


def normal(seed: int, name: str, *shape: int) -> torch.Tensor:
    """Standard normal float32."""
    return torch.from_numpy(random_numbers(seed, name).standard_normal(shape).astype(numpy.float32))


def formula_tensor(*shape: int) -> torch.Tensor:
    """The awkward tensor of bitsandbytes' known hashes: every number a formula of its place, none random."""
    n = numpy.prod(shape, dtype=numpy.int64)
    i = numpy.arange(n, dtype=numpy.uint64)
    a = ((i * 2654435761 + 12345) % 2**32).astype(numpy.float64) / 2**32
    b = ((i * 40503 + 7) % 65536).astype(numpy.float64) / 65536
    return torch.from_numpy(((a + b - 1) * 0.05).astype(numpy.float32)).reshape(shape)


def raw_bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def sha256(tensor: torch.Tensor) -> str:
    """Hex SHA-256 of the little-endian bytes, row by row."""
    return hashlib.sha256(raw_bytes(tensor)).hexdigest()


def relative_distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """Largest |a - b| over largest |b|."""
    a, b = a.double(), b.double()
    return ((a - b).abs().max() / b.abs().max()).item()


# ---------------------------------------------------------------------------------------------
# bitsandbytes


def dequantize_float32(packed: torch.Tensor, state) -> torch.Tensor:
    """dequantize_4bit with float32 asked for, whatever the dtype that was quantized."""
    dtype, state.dtype = state.dtype, torch.float32
    try:
        return F.dequantize_4bit(packed, state)
    finally:
        state.dtype = dtype


def absmax_of(state) -> torch.Tensor:
    """The float32 scale of each block, a nested one put together as dequantize_4bit does."""
    if not state.nested:
        return state.absmax
    return F.dequantize_blockwise(state.absmax, state.state2) + state.offset


def mean_as_torch(values: torch.Tensor) -> float:
    """torch.mean of a float32 vector, addition by addition: what double quantization subtracts.

    In float32, on any x86 CPU, in one thread. Eight lanes: value i belongs to lane i mod 8, so each row of eight is one
    addition; four sums of rows run side by side, row r in sum r mod 4. Each adds its rows 16 at a time, then 16 such
    sums, then 16 of those; rows left over go to the first; then ((s0 + s1) + s2) + s3. Last come the values that fill
    no row, then the lanes, one by one. Fewer than eight values: one lane. The sum is divided by the count.
    (aten/src/ATen/native/cpu/SumKernel.cpp, cascade_sum; from 32768 values on several threads take a share each.)
    """
    x = values.numpy()
    n = len(x)
    assert n < 2**24, "longer sums have longer runs than 16"
    if n < 8:
        return (lane_sums(x.reshape(n, 1))[0] / numpy.float32(n)).item()
    lanes = lane_sums(x[: n - n % 8].reshape(-1, 8))
    total = numpy.float32(0)
    for value in [*x[n - n % 8 :], *lanes]:
        total = total + value
    return (total / numpy.float32(n)).item()


def lane_sums(rows: numpy.ndarray) -> numpy.ndarray:
    quarter = len(rows) // 4
    sums = list(cascade_sum(rows[: 4 * quarter].reshape(quarter, 4, rows.shape[1])))
    for row in rows[4 * quarter :]:
        sums[0] = sums[0] + row
    return ((sums[0] + sums[1]) + sums[2]) + sums[3]


def cascade_sum(rows: numpy.ndarray) -> numpy.ndarray:
    zero = numpy.zeros(rows.shape[1:], numpy.float32)
    levels = [zero] * 4
    for count, row in enumerate(rows, 1):
        levels[0] = levels[0] + row
        for level, span in ((1, 16), (2, 256), (3, 4096)):
            if count % span:
                break
            levels[level], levels[level - 1] = levels[level] + levels[level - 1], zero
    return ((levels[0] + levels[1]) + levels[2]) + levels[3]


def offset_is_rounded_mean(weight: torch.Tensor, state) -> bool:
    """Whether the offset is also the float64 mean of the absmax, rounded once. It always is mean_as_torch of it."""
    absmax = F.quantize_4bit(weight, blocksize=state.blocksize, quant_type=state.quant_type)[1].absmax
    assert mean_as_torch(absmax) == state.offset.item()
    return absmax.double().mean().float().item() == state.offset.item()


def quant_state_parts(state) -> dict[str, torch.Tensor]:
    """The tensors that describe a quantized weight, besides its packed bytes and its fixed maps."""
    if not state.nested:
        return {"absmax": state.absmax}
    return {"absmax": state.absmax, "nested_absmax": state.state2.absmax, "offset": state.offset.reshape(1)}


# packed, absmax and dequantized of formula_tensor(8229), by bitsandbytes 0.50.2.dev0.
KNOWN_4BIT = {
    ("float32", "nf4", 64): ("f8b7cf2f619f4dac", "bcbe530195a0c8dd", "c6331f7f6321b581", "988955f819f81afe"),
    ("float32", "nf4", 128): ("f8b7cf2f619f4dac", "391596599d734ebf", "ff9b37c301b93140", "8a678d24dc74fe53"),
    ("bfloat16", "nf4", 64): ("76e74eeb1cba5177", "4dde9e16e249096f", "ac4e217f07816ffd", "68af171c53961cb3"),
    ("float16", "nf4", 64): ("1742da4ab42b3458", "e54af3529a057954", "4815097f13c0a9ff", "23f40e9eed8539bb"),
    ("float32", "fp4", 64): ("f8b7cf2f619f4dac", "c5960128fb16b581", "c6331f7f6321b581", "825e40ef0e98a47c"),
}
# input, CB and SCB of formula_tensor(48, 80) as float16.
KNOWN_INT8 = ("7ce491bb17a0b0e7", "08b998e8c396b9cc", "6ad6091e2b3e3332")
KNOWN_DYNAMIC_MAP = "e732639a65f497b4ad684bb166a4467708255edd5207757de8b8f0c7e1fda89c"


def check_known_hashes() -> None:
    """Fails where this bitsandbytes or this CPU computes something else than the one the goldens are for."""
    for (dtype, quant_type, blocksize), known in KNOWN_4BIT.items():
        weight = formula_tensor(8229).to(DTYPES[dtype])
        packed, state = F.quantize_4bit(weight, blocksize=blocksize, quant_type=quant_type)
        found = tuple(sha256(t)[:16] for t in (weight, packed, state.absmax, F.dequantize_4bit(packed, state)))
        assert found == known, f"{dtype} {quant_type} {blocksize}: {found}, known {known}"
    weight = formula_tensor(48, 80).half()
    CB, SCB, _ = F.int8_vectorwise_quant(weight)
    found = tuple(sha256(t)[:16] for t in (weight, CB, SCB))
    assert found == KNOWN_INT8, f"int8: {found}, known {KNOWN_INT8}"
    found = sha256(F.create_dynamic_map())
    assert found == KNOWN_DYNAMIC_MAP, f"dynamic map: {found} (torch needs a CPU with FMA to give the known one)"


# ---------------------------------------------------------------------------------------------
# Files


def versions() -> dict[str, str]:
    packages = ("torch", "transformers", "bitsandbytes", "peft", "accelerate", "safetensors", "numpy")
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "bitsandbytes_backend": "torch (no native library), not compiled, one thread",
    }


def write_golden(path: Path, tensors: dict[str, torch.Tensor], twin: dict) -> None:
    """path.safetensors and path.json. `twin` says what it is; the versions are added."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, f"{path}.safetensors")
    Path(f"{path}.safetensors").chmod(0o644)
    write_json(path, twin)


def write_json(path: Path, twin: dict) -> None:
    what, command = twin.pop("what"), twin.pop("command")
    whole = {"what": what, "command": command, "versions": versions(), **twin}
    Path(f"{path}.json").write_text(json_text(whole) + "\n")


def json_text(value, indent: str = "", room: int = 118) -> str:
    """JSON with one line for each item of a list, and every object or list on one line that fits on one."""
    short = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not isinstance(value, dict | list) or not value or len(indent) + len(short) <= room:
        return short
    deeper = indent + " "
    if isinstance(value, dict):
        inner = [f"{json.dumps(key)}: {json_text(v, deeper, room - len(key) - 4)}" for key, v in value.items()]
        return "{\n" + ",\n".join(deeper + line for line in inner) + f"\n{indent}}}"
    if all(isinstance(v, int | float) for v in value):
        return short
    return "[\n" + ",\n".join(deeper + json_text(v, deeper, 1000) for v in value) + f"\n{indent}]"
