"""Writes calibrated.safetensors: one Linear layer as gptqmodel and AutoAWQ calibrate it to 4 bits by its inputs.

    pip install -r tools/requirements-golden.txt
    pip install --no-deps -r tools/requirements-formats.txt
    python tools/make_golden_calibrated.py OUT

OUT is test/golden in this repository; test/golden/README.md says what the file holds. A second run writes the same bytes.
"""

import argparse
from importlib.metadata import version
from pathlib import Path

from make_golden_base import normal, write_golden

import torch
from awq.modules.linear import WQLinear_GEMM
from awq.quantize.quantizer import AwqQuantizer
from gptqmodel.nn_modules.qlinear.torch import TorchLinear
from gptqmodel.quantization.config import QuantizeConfig
from gptqmodel.quantization.gptq import GPTQ
from torch import nn

SEED = 20263
COMMAND = "python tools/make_golden_calibrated.py test/golden"
ROWS, COLUMNS, TOKENS = 64, 256, 384
DAMP = 0.01
# (group size, symmetric, desc_act, static_groups)
GPTQ_CASES = {
    "gptq.g32": (32, True, False, False),
    "gptq.g64.zeros": (64, False, False, False),
    "gptq.g32.zeros.act": (32, False, True, False),
    "gptq.g128.act": (128, True, True, False),
    "gptq.g64.zeros.act.static": (64, False, True, True),
    "gptq.row": (-1, True, False, False),
}
AWQ_GROUP = 64

# AutoAWQ keeps the weights with `v.cpu()`, which copies nothing on a CPU, and then scales them in place: each ratio after
# the first would be tried on weights already scaled. A copy makes the search what it is on a GPU.
plain_state = nn.Module.state_dict
nn.Module.state_dict = lambda self, *a, **k: {n: v.detach().clone() for n, v in plain_state(self, *a, **k).items()}


def linear_of(weight: torch.Tensor) -> nn.Linear:
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    linear.weight.data = weight.clone()
    return linear


def layer() -> tuple[torch.Tensor, torch.Tensor]:
    """A weight, and inputs [tokens, columns] whose columns go together and differ in size, as a model's do; in float16."""
    w = 0.05 * normal(SEED, "weight", ROWS, COLUMNS)
    mixed = normal(SEED, "inputs", TOKENS, COLUMNS) + normal(SEED, "shared", TOKENS, 8) @ normal(SEED, "mix", 8, COLUMNS)
    x = mixed * torch.exp(0.7 * normal(SEED, "sizes", COLUMNS))
    # A column without any input.
    x[:, 17] = 0
    return w, x.half().float()


def by_gptqmodel(w: torch.Tensor, hessian: torch.Tensor, case: tuple) -> dict[str, torch.Tensor]:
    group_size, symmetric, desc_act, static_groups = case
    config = QuantizeConfig(
        bits=4,
        group_size=group_size,
        desc_act=desc_act,
        sym=symmetric,
        damp_percent=DAMP,
        act_group_aware=False,
        static_groups=static_groups,
    )
    config.fallback = None
    gptq = GPTQ(linear_of(w), config)
    gptq.quantizer.configure(perchannel=True)
    gptq.finalize_hessian = lambda target_device=None: setattr(gptq, "H", hessian.clone())
    gptq.nsamples = TOKENS
    back, scale, zero, g_idx, *_ = gptq.quantize()
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
    module.pack_original(linear_of(back), scale, zero, g_idx)
    return {"qweight": module.qweight, "qzeros": module.qzeros, "scales": module.scales, "g_idx": module.g_idx.int()}


def awq_quantizer() -> AwqQuantizer:
    quantizer = object.__new__(AwqQuantizer)
    quantizer.w_bit, quantizer.group_size, quantizer.zero_point = 4, AWQ_GROUP, True
    quantizer.duo_scaling, quantizer.apply_clip, quantizer.version = True, True, "gemm"
    quantizer.n_parallel_calib_samples, quantizer.max_chunk_memory, quantizer.modules_to_not_convert = None, 1 << 30, []
    return quantizer


def by_autoawq(w: torch.Tensor, x: torch.Tensor) -> dict[str, torch.Tensor]:
    quantizer = awq_quantizer()
    linear = linear_of(w)
    losses = []
    loss_of = quantizer._compute_loss
    quantizer._compute_loss = lambda a, b, d: losses.append(loss_of(a, b, d)) or losses[-1]
    module = nn.Module()
    module.linear, module.norm = linear, nn.LayerNorm(COLUMNS)
    _, _, scales, *_ = quantizer._search_best_scale(module, prev_op=module.norm, layers=[linear], inp=x.clone()[None])
    linear.weight.data = linear.weight.data * scales
    clip = quantizer._compute_best_clip(linear.weight, (x / scales)[None])
    groups = linear.weight.data.reshape(ROWS, -1, AWQ_GROUP)
    clipped = torch.clamp(groups, -clip, clip).reshape(ROWS, COLUMNS)
    half = linear_of(clipped.half())
    half.weight.data, scale, zero = quantizer.pseudo_quantize_tensor(half.weight.data)
    packed = WQLinear_GEMM.from_linear(half, 4, AWQ_GROUP, scales=scale.t().contiguous(), zeros=zero.t().contiguous())
    return {
        "factors": scales,
        "losses": torch.tensor(losses, dtype=torch.float64),
        "clip": clip.squeeze(-1),
        "qweight": packed.qweight,
        "qzeros": packed.qzeros,
        "scales": packed.scales,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    w, x = layer()
    tensors = {"weight": w, "inputs": x.half()}
    hessian = 2 / TOKENS * x.T @ x
    for name, case in GPTQ_CASES.items():
        tensors |= {f"{name}.{part}": tensor for part, tensor in by_gptqmodel(w, hessian, case).items()}
    tensors |= {f"awq.g{AWQ_GROUP}.{part}": tensor for part, tensor in by_autoawq(w, x).items()}
    write_golden(
        out / "calibrated",
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        {
            "what": "one Linear layer calibrated to 4 bits by its inputs: by gptqmodel (damp 0.01) and by AutoAWQ",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {tool: version(tool) for tool in ("gptqmodel", "autoawq")},
        },
    )


if __name__ == "__main__":
    main()
