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
from transformers import AutoModelForCausalLM

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
    method = json.loads((folder / "config.json").read_text())["quantization_config"]["quant_method"]
    options = {}
    if method == "compressed-tensors":
        from transformers import CompressedTensorsConfig

        # Weights are decompressed while they are loaded: kernels of this CPU would round activations.
        options["quantization_config"] = CompressedTensorsConfig(run_compressed=False)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **options)
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0].float().numpy()


def main() -> None:
    failed = False
    for name in ["transformers", "compressed-tensors", "gptqmodel", "torch"]:
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
