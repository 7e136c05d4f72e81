"""Writes nibble-tiny as GGUF files of several types, for llama.cpp in a browser: F32, F16, BF16, Q4_0 and Q5_1.

    pip install -r tools/requirements-golden.txt -r tools/requirements-gguf.txt
    python tools/make_peer_ggufs.py test/golden

Metadata is that of gguf/nibble-tiny.gguf, which llama.cpp's own converter wrote in Q8_0 (make_golden_gguf.py); weights are
those of the checkpoint, quantized by llama.cpp's gguf package, the embedding among them. That a Q8_0 made this way has the
converter's very bytes is checked first. Files are gzipped; peers/ggufs.json says by which versions.
"""

import gzip
import json
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.quants import quantize
from safetensors.torch import load_file

MODEL = "public/models/nibble-tiny"
FILE_TYPES = {Type.F32: 0, Type.F16: 1, Type.BF16: 32, Type.Q4_0: 2, Type.Q5_1: 9}
PARTS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OTHERS = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight", "output.weight": "lm_head.weight"}


def source_of(name: str) -> str:
    if name in OTHERS:
        return OTHERS[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{PARTS[part]}.weight"


def pairwise(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of queries and keys as convert_hf_to_gguf.py turns them."""
    rows = weight.shape[0]
    return weight.reshape(heads, 2, rows // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def weights(reader: gguf.GGUFReader) -> dict[str, np.ndarray]:
    config = json.loads(Path(MODEL, "config.json").read_text())
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    tensors = load_file(f"{MODEL}/model.safetensors")
    made = {}
    for tensor in reader.tensors:
        weight = tensors[source_of(tensor.name)].float().numpy()
        part = tensor.name.split(".")[-2]
        made[tensor.name] = pairwise(weight, heads[part]) if part in heads else weight
        if tensor.tensor_type == Type.Q8_0:
            assert np.array_equal(quantize(made[tensor.name], Type.Q8_0), tensor.data), tensor.name
    return made


def write(path: Path, reader: gguf.GGUFReader, tensors: dict[str, np.ndarray], to: Type) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        writer.add_key_value(key, field.contents(), kind, field.types[1] if kind == gguf.GGUFValueType.ARRAY else None)
    writer.add_file_type(FILE_TYPES[to])
    for name, weight in tensors.items():
        own = Type.F32 if weight.ndim == 1 else to
        writer.add_tensor(name, quantize(weight, own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    golden = Path(sys.argv[1])
    reader = gguf.GGUFReader(golden / "gguf/nibble-tiny.gguf")
    tensors = weights(reader)
    with TemporaryDirectory() as made:
        for to in FILE_TYPES:
            path = Path(made) / f"nibble-tiny-{to.name}.gguf"
            write(path, reader, tensors, to)
            (golden / f"peers/{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    versions = {name: version(name) for name in ("gguf", "numpy", "safetensors", "torch")}
    record = {"command": "python tools/make_peer_ggufs.py test/golden", "versions": versions}
    (golden / "peers/ggufs.json").write_text(json.dumps(record, indent=2) + "\n")


main()
