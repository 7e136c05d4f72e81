"""Writes stored/: a tiny Llama as gptqmodel, AutoAWQ, compressed-tensors and transformers' FP8 store it, with its logits.

    pip install -r tools/requirements-golden.txt
    pip install --no-deps -r tools/requirements-formats.txt
    python tools/make_golden_stored.py OUT

OUT is test/golden in this repository; test/golden/README.md says what the files hold. Codes are plain rounding: what is
held here is how each tool packs and unpacks them. A second run writes the same bytes.
"""

import argparse
import json
import shutil
from importlib.metadata import version
from pathlib import Path

from make_golden_base import NoFloat32, normal, random_numbers, write_golden

import torch
from awq.modules.linear.gemm import WQLinear_GEMM
from awq.utils.packing_utils import dequantize_gemm
from compressed_tensors.compressors.base import BaseCompressor
from compressed_tensors.compressors.nvfp4.helpers import unpack_fp4_from_uint8
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.lifecycle.forward import dequantize
from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam
from gptqmodel.nn_modules.qlinear.torch import TorchLinear
from safetensors.torch import save_file
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

SEED = 20262
COMMAND = "python tools/make_golden_stored.py test/golden"
CONFIG = LlamaConfig(
    vocab_size=51,
    hidden_size=64,
    intermediate_size=64,
    num_hidden_layers=1,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
    tie_word_embeddings=True,
    bos_token_id=1,
    eos_token_id=2,
)
Stored = tuple[dict[str, torch.Tensor], torch.Tensor]


def make_model() -> LlamaForCausalLM:
    model = LlamaForCausalLM(CONFIG)
    for path, parameter in model.named_parameters():
        value = normal(SEED, path, *parameter.shape)
        if "norm" in path:
            value = 1 + 0.25 * value
        elif "embed" in path:
            value = 0.5 * value
        else:
            value = value * (0.8 / parameter.shape[1] ** 0.5)
            # A few groups without a negative weight: their zero point is 0.
            value[:3] = value[:3].abs()
        parameter.copy_(value)
    return model


def rounded(w: torch.Tensor, group_size: int, symmetric: bool):
    """Codes 0 to 15, float16 scales [groups, rows] and zeros of plain rounding."""
    groups = w.reshape(w.shape[0], -1, group_size)
    low, high = groups.amin(-1).clamp(max=0), groups.amax(-1).clamp(min=0)
    if symmetric:
        scale = torch.maximum(-low, high) / 7.5
        zero = torch.full_like(scale, 8)
    else:
        scale = (high - low) / 15
        zero = torch.round(-low / scale)
    scale = scale.half().float()
    codes = torch.clamp(torch.round(groups / scale[..., None]) + zero[..., None], 0, 15)
    return codes.reshape(w.shape), scale, zero


def linear_of(weight: torch.Tensor) -> nn.Linear:
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    linear.weight.data = weight.clone()
    return linear


def by_gptqmodel(w: torch.Tensor, group_size: int, symmetric: bool, version_1: bool, desc_act: bool = False) -> Stored:
    columns = w.shape[1]
    # Act-order leaves the columns where they are and scatters the groups over them.
    order = torch.from_numpy(random_numbers(SEED, f"order {columns}").permutation(columns)) if desc_act else torch.arange(columns)
    place = torch.argsort(order)
    codes, scale, zero = rounded(w[:, order], group_size, symmetric)
    wide = [x.repeat_interleave(group_size, 1) for x in (scale, zero)]
    back = ((codes - wide[1]) * wide[0])[:, place].contiguous()
    module = TorchLinear(
        bits=4,
        group_size=group_size,
        desc_act=desc_act,
        sym=symmetric,
        in_features=w.shape[1],
        out_features=w.shape[0],
        bias=False,
        register_buffers=True,
    )
    module.pack_original(linear_of(back), scale, zero, place // group_size)
    qzeros = module.qzeros
    if version_1:
        qzeros = (qzeros.long() - 0x11111111).to(torch.int32)
    tensors = {"qweight": module.qweight, "qzeros": qzeros, "scales": module.scales, "g_idx": module.g_idx.int()}
    return tensors, back


def by_autoawq(w: torch.Tensor, group_size: int) -> Stored:
    codes, scale, zero = rounded(w, group_size, False)
    wide = [x.repeat_interleave(group_size, 1) for x in (scale, zero)]
    module = WQLinear_GEMM.from_linear(
        linear_of(((codes - wide[1]) * wide[0]).half()),
        4,
        group_size,
        scales=scale.t().contiguous(),
        zeros=zero.t().contiguous(),
    )
    tensors = {"qweight": module.qweight, "qzeros": module.qzeros, "scales": module.scales}
    back = dequantize_gemm(module.qweight, module.qzeros, module.scales.float(), 4, group_size).t()
    return tensors, back.float().contiguous()


def by_compressed_tensors(w: torch.Tensor, layout: str, args: QuantizationArgs) -> Stored:
    groups = w.reshape(w.shape[0], -1, args.group_size or w.shape[1])
    global_scale = generate_gparam(w.min(), w.max()) if layout.startswith("nvfp4") else None
    scale, zero = calculate_qparams(groups.amin(-1), groups.amax(-1), args, global_scale=global_scale)
    scheme = QuantizationScheme(targets=["Linear"], weights=args)
    state = {"weight": w.clone(), "weight_scale": scale, "weight_zero_point": zero}
    if global_scale is not None:
        state["weight_global_scale"] = global_scale
    compressor = BaseCompressor.get_value_from_registry(layout)
    stored = compressor.compress(state, scheme)
    if global_scale is None:
        back = compressor.decompress(dict(stored), scheme)["weight"].float()
    else:
        # The tool's own decompress rounds to bfloat16.
        codes = unpack_fp4_from_uint8(stored["weight_packed"], *w.shape, dtype=torch.float32)
        back = dequantize(codes, stored["weight_scale"].float(), args=args, dtype=torch.float32, global_scale=global_scale)
    return {name: tensor for name, tensor in stored.items() if isinstance(tensor, torch.Tensor)}, back


def by_fp8(w: torch.Tensor) -> Stored:
    """One square covers a whole matrix of this size; its scale is stored as what codes are multiplied by."""
    scale = w.abs().max() / 448
    codes = (w / scale).to(torch.float8_e4m3fn)
    return {"weight": codes, "weight_scale_inv": scale.reshape(1, 1)}, codes.float() * scale


def weights_of(**fields) -> dict:
    return {"quant_method": "compressed-tensors", "ignore": ["lm_head"], "quantization_status": "compressed", **fields}


def compressed(layout: str, **fields) -> tuple[dict, object]:
    args = QuantizationArgs(**fields)
    group = {"targets": ["Linear"], "weights": json.loads(args.model_dump_json()), "input_activations": None}
    config = weights_of(format=layout, config_groups={"group_0": group})
    return config, lambda w: by_compressed_tensors(w, layout, args)


def gptq(group_size: int, symmetric: bool, checkpoint_format: str | None, desc_act: bool = False) -> tuple[dict, object]:
    config = {"quant_method": "gptq", "bits": 4, "group_size": group_size, "sym": symmetric, "desc_act": desc_act}
    if checkpoint_format:
        config["checkpoint_format"] = checkpoint_format
    return config, lambda w: by_gptqmodel(w, group_size, symmetric, checkpoint_format != "gptq_v2", desc_act)


VARIANTS = {
    "gptq-v1-sym": gptq(32, True, None),
    "gptq-v1-asym": gptq(32, False, "gptq"),
    "gptq-v2-asym": gptq(64, False, "gptq_v2"),
    "gptq-act-order": gptq(32, False, "gptq", desc_act=True),
    "awq": (
        {"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": True, "version": "gemm"},
        lambda w: by_autoawq(w, 32),
    ),
    "ct-int4-sym": compressed("pack-quantized", num_bits=4, type="int", strategy="group", group_size=32, symmetric=True),
    "ct-int4-asym": compressed("pack-quantized", num_bits=4, type="int", strategy="group", group_size=32, symmetric=False),
    "ct-int4-channel": compressed("pack-quantized", num_bits=4, type="int", strategy="channel", symmetric=True),
    "ct-nvfp4": compressed(
        "nvfp4-pack-quantized",
        num_bits=4,
        type="float",
        strategy="tensor_group",
        group_size=16,
        symmetric=True,
        scale_dtype="torch.float8_e4m3fn",
    ),
    "ct-mxfp4": compressed(
        "mxfp4-pack-quantized", num_bits=4, type="float", strategy="group", group_size=32, symmetric=True, scale_dtype="torch.uint8"
    ),
    "ct-fp8": compressed("float-quantized", num_bits=8, type="float", strategy="channel", symmetric=True),
    "fp8": ({"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}, by_fp8),
}


def write(name: str, out: Path) -> None:
    quantization_config, store = VARIANTS[name]
    folder = out / "stored" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = make_model()
    tensors = {}
    for path, module in model.named_modules():
        if isinstance(module, nn.Linear) and path != "lm_head":
            stored, back = store(module.weight.data)
            tensors |= {f"{path}.{part}": tensor.contiguous() for part, tensor in stored.items()}
            module.weight.data = back
    for path, parameter in model.named_parameters():
        if "proj" not in path:
            parameter.data = parameter.data.bfloat16().float()
            tensors[path] = parameter.data.bfloat16()
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = {**CONFIG.to_diff_dict(), "architectures": ["LlamaForCausalLM"], "dtype": "bfloat16"}
    (folder / "config.json").write_text(json.dumps({**config, "quantization_config": quantization_config}, indent=2) + "\n")
    ids = torch.from_numpy(random_numbers(SEED, "ids").integers(0, 51, (1, 12)))
    with NoFloat32():
        logits = model.double()(ids).logits[0]
    write_golden(
        folder / "logits",
        {"input_ids": ids[0].int(), "logits_float64": logits},
        {
            "what": f"logits of a tiny Llama in {name}, by transformers in float64 over the weights that the tool unpacks",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {tool: version(tool) for tool in ("gptqmodel", "autoawq", "compressed-tensors")},
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", choices=VARIANTS, help="one of the checkpoints")
    arguments = parser.parse_args()
    out = arguments.out
    for name in [arguments.only] if arguments.only else VARIANTS:
        write(name, out)


if __name__ == "__main__":
    main()
