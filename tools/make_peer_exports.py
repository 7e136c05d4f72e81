"""Writes exports of nibble-tiny as transformers.js reads them: float32, float16, q8, q4, q4f16 and bnb4, each by its own tool.

    pip install -r tools/requirements-golden.txt -r tools/requirements-peers.txt
    python tools/make_peer_exports.py test/golden/peers

torch writes the graph, onnxruntime's quantizers the rest, with the settings of transformers.js' own conversion script:
q4 is MatMulNBits of 4 bits in blocks of 32, symmetric; bnb4 is MatMulBnb4 of NF4 in blocks of 64; q8 is dynamic
quantization to int8, activations included. All of them quantize the head. fp16 and q4f16 are made of float32 and q4 by
onnxruntime's converter, their inputs and outputs staying float32. q4 also comes with its weights in a file beside it.
Files are gzipped; peers.json says by which versions.
"""

import argparse
import gzip
import json
import warnings
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers.float16 import convert_float_to_float16
from transformers import AutoModelForCausalLM

MODEL = "public/models/nibble-tiny"
TOKENS = [(37 * i) % 1280 for i in range(1, 17)]
INPUTS = ("input_ids", "attention_mask", "position_ids")


class Logits(torch.nn.Module):
    """The model as a function of its ids, without a cache."""

    def __init__(self, model):
        super().__init__()
        self.model, self.lm_head = model.model, model.lm_head

    def forward(self, input_ids, attention_mask, position_ids):
        length = input_ids.shape[1]
        mask = torch.full((length, length), torch.finfo(torch.float32).min).triu(1)[None, None]
        states = self.model(
            input_ids=input_ids, attention_mask=mask, position_ids=position_ids, use_cache=False
        ).last_hidden_state
        return self.lm_head(states)


def export(path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").eval()
    ids = torch.tensor([TOKENS])
    dynamic = {name: {0: "batch_size", 1: "sequence_length"} for name in (*INPUTS, "logits")}
    torch.onnx.export(
        Logits(model),
        (ids, torch.ones_like(ids), torch.arange(len(TOKENS))[None]),
        str(path),
        input_names=list(INPUTS),
        output_names=["logits"],
        dynamic_axes=dynamic,
        opset_version=17,
        dynamo=False,
    )


def quantize(source: Path, folder: Path) -> None:
    q4 = MatMulNBitsQuantizer(onnx.load(source), block_size=32, is_symmetric=True, bits=4)
    q4.process()
    onnx.save(q4.model.model, folder / "model_q4.onnx")
    bnb4 = MatMulBnb4Quantizer(onnx.load(source), quant_type=MatMulBnb4Quantizer.NF4, block_size=64)
    bnb4.process()
    onnx.save(bnb4.model.model, folder / "model_bnb4.onnx")
    quantize_dynamic(source, folder / "model_quantized.onnx", weight_type=QuantType.QInt8)
    for name, wide in (("fp16", onnx.load(source)), ("q4f16", onnx.load(folder / "model_q4.onnx"))):
        half = convert_float_to_float16(wide, keep_io_types=True, disable_shape_infer=True)
        onnx.save(half, folder / f"model_{name}.onnx")


def put_beside(source: Path, folder: Path) -> None:
    """The same model, its weights in a file of their own: in another folder, since its name stays."""
    folder.mkdir()
    data = {"save_as_external_data": True, "location": f"{source.name}_data", "size_threshold": 256}
    onnx.save(onnx.load(source), folder / source.name, **data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    with TemporaryDirectory() as made:
        folder = Path(made)
        export(folder / "model.onnx")
        quantize(folder / "model.onnx", folder)
        put_beside(folder / "model_q4.onnx", folder / "external")
        for path in sorted([*folder.glob("*.onnx"), *folder.glob("external/*")]):
            to = out / path.relative_to(folder).with_name(f"{path.name}.gz")
            to.parent.mkdir(exist_ok=True)
            to.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    versions = {name: version(name) for name in ("torch", "transformers", "onnx", "onnxruntime", "numpy")}
    record = {"command": "python tools/make_peer_exports.py test/golden/peers", "versions": versions}
    (out / "peers.json").write_text(json.dumps(record, indent=2) + "\n")


main()
