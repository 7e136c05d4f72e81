"""Loads checkpoints that Nibble wrote with the tools they are for, and compares their logits with Nibble's own.

    pip install -r tools/requirements-golden.txt; pip install --no-deps -r tools/requirements-formats.txt
    npm run -s lab -- quantize public/models/nibble-tiny --format int4 --group-size 32 --out /tmp/int4
    python tools/check_written.py /tmp/int4 ...

Prints for each folder the largest difference of a logit, as a share of the largest logit; exits with 1 above 1e-3.
"""

import base64
import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

ROOT = Path(__file__).parent.parent
MOST = 1e-3
# compressed-tensors decompresses these to bfloat16, whatever dtype is asked for.
ROUNDED = {"nvfp4-pack-quantized": 2e-2}


def ours(folder: Path, ids: list[int]) -> np.ndarray:
    question = json.dumps({"folder": str(folder), "ids": ids}) + "\n"
    run = subprocess.run(["node", ROOT / "tools/logits.mjs"], input=question, capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    if "refused" in answer:
        raise SystemExit(f"{folder}: refused ({answer['refused']}): {answer['message']}")
    return np.frombuffer(base64.b64decode(answer["logits"]), dtype=np.float32).reshape(len(ids), -1)


def theirs(folder: Path, ids: list[int]) -> np.ndarray:
    settings = json.loads((folder / "config.json").read_text())
    if settings["quantization_config"]["quant_method"] == "compressed-tensors":
        from transformers import CompressedTensorsConfig

        # Weights are decompressed while they are loaded: kernels of this CPU would round activations.
        plain = CompressedTensorsConfig(run_compressed=False)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, quantization_config=plain)
    else:
        model = unpacked(folder, settings)
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0].float().numpy()


def unpacked(folder: Path, settings: dict) -> torch.nn.Module:
    """The model with the weights that the tool's own module unpacks: its kernels would have to be compiled here."""
    quantization = settings.pop("quantization_config")
    stored = load_file(folder / "model.safetensors")
    weights = {name: value.float() for name, value in stored.items() if not name.endswith((".qweight", ".qzeros", ".scales", ".g_idx"))}
    for name in [name.removesuffix(".qweight") for name in stored if name.endswith(".qweight")]:
        parts = {part: stored[f"{name}.{part}"] for part in ["qweight", "qzeros", "scales", "g_idx"] if f"{name}.{part}" in stored}
        weights[f"{name}.weight"] = (by_gptqmodel if quantization["quant_method"] == "gptq" else by_autoawq)(parts, quantization)
    config = CONFIG_MAPPING[settings["model_type"]](**{key: value for key, value in settings.items() if key not in ("architectures", "model_type")})
    model = AutoModelForCausalLM.from_config(config).float()
    missing = model.load_state_dict(weights, strict=False).missing_keys
    assert set(missing) <= {"lm_head.weight"}, missing
    model.tie_weights()
    return model


def by_gptqmodel(parts: dict[str, torch.Tensor], settings: dict) -> torch.Tensor:
    from gptqmodel.nn_modules.qlinear.torch import TorchLinear
    from gptqmodel.utils.model import convert_gptq_v1_to_v2_format_module

    rows, columns = parts["qweight"].shape[1], parts["qweight"].shape[0] * 8
    options = {"group_size": settings["group_size"], "desc_act": settings["desc_act"], "sym": settings["sym"]}
    module = TorchLinear(bits=4, in_features=columns, out_features=rows, bias=False, register_buffers=True, **options)
    module.load_state_dict(parts, strict=False)
    convert_gptq_v1_to_v2_format_module(module, bits=4, pack_dtype=torch.int32)
    module.post_init()
    return module.dequantize_weight().t().float().contiguous()


def by_autoawq(parts: dict[str, torch.Tensor], settings: dict) -> torch.Tensor:
    from awq.utils.packing_utils import dequantize_gemm

    return dequantize_gemm(parts["qweight"], parts["qzeros"], parts["scales"].float(), 4, settings["group_size"]).t().contiguous()


def main() -> None:
    failed = False
    for name in ["transformers", "compressed-tensors", "gptqmodel", "autoawq", "torch"]:
        try:
            print(name, version(name))
        except PackageNotFoundError:
            print(name, "is not installed")
    for folder in map(Path, sys.argv[1:]):
        size = json.loads((folder / "config.json").read_text())["vocab_size"]
        ids = np.random.default_rng(7).integers(0, size, 8).tolist()
        want, got = theirs(folder, ids), ours(folder, ids)
        worst = float(np.abs(want - got).max() / np.abs(want).max())
        settings = json.loads((folder / "config.json").read_text())["quantization_config"]
        failed |= worst > ROUNDED.get(settings.get("format"), MOST)
        print(f"{folder.name}: {worst:.1e}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
