"""Writes OUT.safetensors and OUT.json: SmolLM2-135M-Instruct as transformers and bitsandbytes compute it, and hashes of its quantized weights.

    pip install -r tools/requirements-golden.txt
    python tools/make_golden_smollm2.py MODEL_DIR OUT

MODEL_DIR is the model's folder (config.json, model.safetensors, tokenizer.json); OUT is test/golden/smollm2-135m in this
repository. Needs 3 GB of memory and some minutes.
"""

import argparse
from pathlib import Path

from make_golden_base import check_known_hashes, offset_is_rounded_mean, relative_distance, write_golden
from make_golden_models import (
    FORMATS,
    describe_module,
    load,
    logits_float64,
    logits_of,
    outlier_columns,
    quantization_config,
    quantized_modules,
    replace_by_dequantized,
    sha256_of_file,
    unquantized_weight,
)

import torch
from transformers import AutoTokenizer
from transformers.utils.logging import disable_progress_bar

TOKENS = 64
TEXT = (
    "Carbon dioxide leaves the leaf through the same small openings that let water out. On a hot, dry day a plant "
    "therefore has to choose: open them and lose water, or keep them closed and stop growing. Cacti found a third way. "
    "They open at night, when the air is cool, and store what they collect until the sun comes up again the next morning."
)
CHOSEN = ("nf4", "fp4", "nf4_dq", "llm_int8")


def summary(logits: torch.Tensor, name: str) -> dict[str, torch.Tensor]:
    largest = logits.topk(2)
    return {
        f"{name}.last_logits": logits[-1],
        f"{name}.top1": largest.indices[:, 0].int(),
        f"{name}.margin": largest.values[:, 0] - largest.values[:, 1],
        f"{name}.logsumexp": logits.double().logsumexp(-1).float(),
    }


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(f"{relative_distance(a, b):.3g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL_DIR")
    parser.add_argument("out", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    check_known_hashes()
    disable_progress_bar()
    folder = arguments.model
    ids = AutoTokenizer.from_pretrained(folder)(TEXT, return_tensors="pt")["input_ids"][:, :TOKENS]
    assert ids.shape == (1, TOKENS)
    inputs = {"input_ids": ids}

    reference = load("smollm2", folder, dtype=torch.float32)
    plain = logits_of(reference, inputs)
    tensors = {"input_ids": ids[0].int(), **summary(plain, "float32")}
    formats = {}
    for name in CHOSEN:
        model = load("smollm2", folder, dtype=torch.float32, quantization_config=quantization_config(name))
        described = {}
        for path, module in quantized_modules(model).items():
            described[path] = describe_module(module)
            if "offset" in described[path]:
                weight = unquantized_weight(reference, path)
                described[path]["offset_is_rounded_mean"] = offset_is_rounded_mean(weight, module.weight.quant_state)
        result = dict(FORMATS[name])
        if name == "llm_int8":
            # Its own forward quantizes activations too, which no dequantized weight shows.
            weights = {path: (m.weight.CB, m.weight.SCB) for path, m in quantized_modules(model).items()}
            own = logits_of(model, inputs)
            tensors.update(summary(own, "llm_int8.own"))
            result["outlier_columns"] = outlier_columns(model)
            for path, module in quantized_modules(model).items():
                module.weight.CB, module.weight.SCB = weights[path]
        replace_by_dequantized(model)
        logits = logits_of(model, inputs)
        tensors.update(summary(logits, name))
        result["to_float32"] = distance(logits, plain)
        assert 1e-3 < result["to_float32"] < 1, result["to_float32"]
        if name == "llm_int8":
            result["own_to_oracle"] = distance(own, logits)
            assert result["own_to_oracle"] < 0.2
        result["same_top1_as_float32"] = int((logits.argmax(-1) == plain.argmax(-1)).sum())
        formats[name] = {**result, "modules": described}
        print(name, {key: value for key, value in result.items() if key != "outlier_columns"}, flush=True)

    exact = logits_float64(reference, inputs)
    between = distance(plain, exact)
    assert between < 1e-5, between
    write_golden(
        arguments.out,
        tensors,
        {
            "what": "SmolLM2-135M-Instruct: logits in float32 and quantized by bitsandbytes, and hashes of every quantized weight",
            "command": f"python tools/make_golden_smollm2.py MODEL_DIR test/golden/{arguments.out.name}",
            "seed": None,
            "parameters": {
                "text": TEXT,
                "model_sha256": sha256_of_file(folder / "model.safetensors"),
                "tensors": {
                    "input_ids": "I32 [64], the first tokens of text",
                    "NAME.last_logits": "F32 [vocabulary] at the last position",
                    "NAME.top1": "I32 [64], the largest logit's id at each position",
                    "NAME.margin": "F32 [64], how far it is above the second",
                    "NAME.logsumexp": "F32 [64]",
                },
                "names": {
                    "float32": "the model in float32, eager attention",
                    "nf4, fp4, nf4_dq, llm_int8": "the oracle: dequantized weights as float32 nn.Linear, everything in float32",
                    "llm_int8.own": "bitsandbytes' own LLM.int8() forward, activations quantized, float32 model, threshold 6.0",
                },
                "modules": "as in models/NAME/quantized.json",
                "distances": "largest difference over largest logit, over all positions",
            },
            "float32_to_float64": between,
            "formats": formats,
        },
    )


if __name__ == "__main__":
    main()
