"""Loads checkpoints that Nibble wrote with the tools they are for, and compares their logits with Nibble's own.

    pip install -r tools/requirements-golden.txt; pip install --no-deps -r tools/requirements-formats.txt
    npm run -s lab -- quantize public/models/nibble-tiny --format int4 --group-size 32 --out /tmp/int4
    python tools/check_written.py /tmp/int4 ...

A GGUF file is loaded by transformers, which dequantizes it by gguf-py, and its tokenizer's ids are compared with Nibble's
own model's (--tokenizer FOLDER); where llama-cpp-python is installed, by llama.cpp as well, whose CPU rounds activations
to 8 bits before it multiplies them by a quantized weight, so that its logits are held to a tenth.

Prints for each folder or file the largest difference of a logit, as a share of the largest logit; exits with 1 above 1e-3.
"""

import argparse
import base64
import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).parent.parent
MOST = 1e-3
# compressed-tensors decompresses these to bfloat16, whatever dtype is asked for; gptqmodel dequantizes in float16.
ROUNDED = {"nvfp4-pack-quantized": 2e-2, "gptq": 2e-3}
# llama.cpp multiplies quantized weights by activations in 8 bits, and those in bfloat16 by such activations.
MOST_LLAMA_CPP = 1e-1
# Its gelu is a table in float16.
MOST_IN_FLOATS = 5e-3
# Architectures of which transformers reads every key that changes a number.
WHOLLY_READ = ["llama", "qwen2", "starcoder2"]
TEXTS = ["The quick brown fox doesn't jump over 12345 lazy dogs.", "  two spaces\n\nand\ttabs, l'été: naïve 東京 🙂", "I'LL We've x=1;\r\ny += 0x1F"]


def ours(folder: Path, ids: list[int]) -> np.ndarray:
    question = json.dumps({"folder": str(folder), "ids": ids}) + "\n"
    run = subprocess.run(["node", ROOT / "tools/logits.mjs"], input=question, capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    if "refused" in answer:
        raise SystemExit(f"{folder}: refused ({answer['refused']}): {answer['message']}")
    return np.frombuffer(base64.b64decode(answer["logits"]), dtype=np.float32).reshape(len(ids), -1)


def theirs(folder: Path, ids: list[int]) -> np.ndarray:
    settings = json.loads((folder / "config.json").read_text())
    quantization = settings["quantization_config"]
    groups = quantization.get("config_groups", {}).values()
    mixed = len(groups) > 1
    # Where it is to find each layer's group, compressed-tensors 0.19 makes room for zero points as if they were not packed,
    # and gives float activations weights of 4-bit floats in bfloat16: those are decompressed layer by layer.
    alone = mixed and any(not group["weights"]["symmetric"] or "fp4" in group["format"] for group in groups)
    if quantization["quant_method"] == "compressed-tensors" and not alone:
        from transformers import CompressedTensorsConfig

        # Weights are decompressed while they are loaded: kernels of this CPU would round activations. Of several groups
        # of layers transformers would take the first one's format for all, and leaves it to the tool to find each layer's.
        plain = CompressedTensorsConfig(run_compressed=mixed)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, quantization_config=plain)
    else:
        model = unpacked(folder, settings)
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0].float().numpy()


def unpacked(folder: Path, settings: dict) -> torch.nn.Module:
    """The model with the weights that the tool's own module unpacks: its kernels would have to be compiled here."""
    quantization = settings.pop("quantization_config")
    sign, unpack = UNPACKED[quantization["quant_method"]]
    stored = load_file(folder / "model.safetensors")
    layers = [name.removesuffix(sign) for name in stored if name.endswith(sign)]
    weights = {name: value.float() for name, value in stored.items() if name.rpartition(".")[0] not in layers or name.endswith(".bias")}
    for name in layers:
        parts = {key.removeprefix(f"{name}."): value for key, value in stored.items() if key.startswith(f"{name}.") and not key.endswith(".bias")}
        weights[f"{name}.weight"] = unpack(parts, quantization, name)
    config = CONFIG_MAPPING[settings["model_type"]](**{key: value for key, value in settings.items() if key not in ("architectures", "model_type")})
    model = AutoModelForCausalLM.from_config(config).float()
    missing = model.load_state_dict(weights, strict=False).missing_keys
    assert set(missing) <= {"lm_head.weight"}, missing
    model.tie_weights()
    return model


def by_hqq(parts: dict[str, torch.Tensor], settings: dict, name: str) -> torch.Tensor:
    from hqq.core.quantize import HQQLinear

    module = HQQLinear(None, None, compute_dtype=torch.float32, device="cpu")
    module.load_state_dict(parts)
    return module.dequantize().float()


def by_gptqmodel(parts: dict[str, torch.Tensor], settings: dict, name: str) -> torch.Tensor:
    from gptqmodel.nn_modules.qlinear.torch import TorchLinear
    from gptqmodel.utils.model import convert_gptq_v1_to_v2_format_module

    rows, columns = parts["qweight"].shape[1], parts["qweight"].shape[0] * 8
    # Layers that `dynamic` names have groups of their own size.
    options = {"group_size": columns // parts["scales"].shape[0], "desc_act": settings["desc_act"], "sym": settings["sym"]}
    module = TorchLinear(bits=4, in_features=columns, out_features=rows, bias=False, register_buffers=True, **options)
    module.load_state_dict(parts, strict=False)
    convert_gptq_v1_to_v2_format_module(module, bits=4, pack_dtype=torch.int32)
    module.post_init()
    return module.dequantize_weight().t().float().contiguous()


def by_autoawq(parts: dict[str, torch.Tensor], settings: dict, name: str) -> torch.Tensor:
    from awq.utils.packing_utils import dequantize_gemm

    return dequantize_gemm(parts["qweight"], parts["qzeros"], parts["scales"].float(), 4, settings["group_size"]).t().contiguous()


def by_compressed_tensors(parts: dict[str, torch.Tensor], settings: dict, name: str) -> torch.Tensor:
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization import QuantizationScheme
    from compressed_tensors.utils.match import match_name

    (group,) = [group for group in settings["config_groups"].values() if any(match_name(name, target) for target in group["targets"])]
    scheme = QuantizationScheme(**group)
    return BaseCompressor.get_value_from_registry(group["format"]).decompress(parts, scheme)["weight"].float()


# Of each method: a tensor that every quantized layer has, and how the tool unpacks a layer's.
UNPACKED = {"gptq": (".qweight", by_gptqmodel), "awq": (".qweight", by_autoawq), "hqq": (".W_q", by_hqq), "compressed-tensors": (".weight_scale", by_compressed_tensors)}


def check_gguf(path: Path, tokenizer: Path | None) -> bool:
    from gguf import GGUFReader

    reader = GGUFReader(path)
    size = next(tensor.shape[1] for tensor in reader.tensors if tensor.name == "token_embd.weight")
    ids = random_ids(int(size))
    got = ours(path, ids)
    checks = [by_transformers(path, ids, got, reader), by_llama_cpp(path, ids, got, reader, tokenizer)]
    return False in checks or checks == [None, None]


def by_transformers(path: Path, ids: list[int], got: np.ndarray, reader) -> bool | None:
    """Whether the logits are alike; None where transformers does not read all that such a file says."""
    architecture = reader.fields["general.architecture"].contents()
    if architecture not in WHOLLY_READ or any(tensor.name == "rope_freqs.weight" for tensor in reader.tensors):
        print(f"{path.name}: skipped by transformers, which does not read all that a {architecture} file says")
        return None
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    with torch.inference_mode():
        worst = apart(model(torch.tensor([ids])).logits[0].float().numpy(), got)
    print(f"{path.name}: {worst:.1e} by transformers")
    return worst <= MOST


def by_llama_cpp(path: Path, ids: list[int], got: np.ndarray, reader, tokenizer: Path | None) -> bool | None:
    """Whether logits and, where the model's own tokenizer is given, ids are alike; None where it is not installed."""
    try:
        from llama_cpp import GGML_TYPE_F32, Llama
    except ImportError:
        print(f"{path.name}: skipped by llama.cpp, llama-cpp-python is not installed")
        return None
    llama = Llama(str(path), n_ctx=64, logits_all=True, verbose=False, n_threads=2, type_k=GGML_TYPE_F32, type_v=GGML_TYPE_F32)
    llama.eval(ids)
    worst = apart(np.array(llama.scores[: len(ids)]), got)
    exact = all(tensor.tensor_type.name == "F32" for tensor in reader.tensors)
    print(f"{path.name}: {worst:.1e} by llama.cpp")
    alike = worst <= (MOST_IN_FLOATS if exact else MOST_LLAMA_CPP)
    own = tokenizer and AutoTokenizer.from_pretrained(tokenizer)
    for text in TEXTS if own else []:
        theirs, wanted = llama.tokenize(text.encode(), add_bos=True, special=True), own(text)["input_ids"]
        if theirs != wanted:
            print(f"{path.name}: {text!r} has the ids {theirs} by llama.cpp, {wanted} by transformers")
            alike = False
    return alike


def random_ids(size: int) -> list[int]:
    return np.random.default_rng(7).integers(0, size, 8).tolist()


def apart(want: np.ndarray, got: np.ndarray) -> float:
    return float(np.abs(want - got).max() / np.abs(want).max())


def check_folder(folder: Path) -> bool:
    settings = json.loads((folder / "config.json").read_text())
    ids = random_ids(settings["vocab_size"])
    worst = apart(theirs(folder, ids), ours(folder, ids))
    print(f"{folder.name}: {worst:.1e}")
    quantization = settings["quantization_config"]
    groups = quantization.get("config_groups", {}).values()
    formats = [quantization.get("format"), quantization["quant_method"], *(group.get("format") for group in groups)]
    return worst > max(ROUNDED.get(format, MOST) for format in formats)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("written", type=Path, nargs="+")
    parser.add_argument("--tokenizer", type=Path, help="the folder whose tokenizer a GGUF file has")
    args = parser.parse_args()
    for name in ["transformers", "compressed-tensors", "gptqmodel", "autoawq", "hqq", "gguf", "llama-cpp-python", "torch"]:
        try:
            print(name, version(name))
        except PackageNotFoundError:
            print(name, "is not installed")
    failed = [check_gguf(path, args.tokenizer) if path.suffix == ".gguf" else check_folder(path) for path in args.written]
    sys.exit(1 if any(failed) else 0)


if __name__ == "__main__":
    main()
