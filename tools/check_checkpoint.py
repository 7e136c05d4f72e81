"""Holds a bitsandbytes checkpoint that another program wrote against transformers and bitsandbytes.

    pip install -r tools/requirements-golden.txt
    python tools/check_checkpoint.py DIR [--base MODEL_DIR]

DIR must load with from_pretrained with no missing and no unexpected tensor, and answer a fixed sequence of ids with
finite numbers. With --base, the unquantized model it came from, each quantized tensor must have the bytes that
bitsandbytes gives the base's weight, every other tensor those of the base, and the logits must be equal. Prints one
line each; exit status 1 if one fails.
"""

import argparse
import sys
from pathlib import Path

from make_golden_base import bitsandbytes, quant_state_parts, raw_bytes, versions

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoModelForSequenceClassification,
)
from transformers.pytorch_utils import Conv1D
from transformers.quantizers.base import get_keys_to_not_convert
from transformers.quantizers.quantizers_utils import should_convert_module
from transformers.utils.logging import disable_progress_bar, set_verbosity_warning

TOKENS = 32
LAYERS = (bitsandbytes.nn.Linear4bit, bitsandbytes.nn.Linear8bitLt)


class Verdict:
    """What failed, in the order it was seen."""

    def __init__(self):
        self.failed = False

    def say(self, holds: bool, sentence: str) -> None:
        self.failed |= not holds
        print(f"{'ok  ' if holds else 'FAIL'} {sentence}")


def load(folder: Path):
    architecture = (AutoConfig.from_pretrained(folder).architectures or ["CausalLM"])[0]
    loaders = {
        "SequenceClassification": AutoModelForSequenceClassification,
        "ConditionalGeneration": AutoModelForImageTextToText,
    }
    loader = loaders.get(architecture.rsplit("For")[-1], AutoModelForCausalLM)
    model, info = loader.from_pretrained(folder, attn_implementation="eager", output_loading_info=True)
    return model.eval(), info


def quantized_modules(model) -> dict:
    return {path: module for path, module in model.named_modules() if isinstance(module, LAYERS)}


def parts(module) -> dict[str, torch.Tensor]:
    """The tensors of a quantized layer by their names in a checkpoint, before its first forward."""
    weight = module.weight
    if isinstance(module, bitsandbytes.nn.Linear8bitLt):
        return {"weight": weight.CB, "SCB": weight.SCB}
    state = weight.quant_state
    named = {f"weight.{name}": tensor for name, tensor in quant_state_parts(state).items()}
    maps = {"weight.quant_map": state.code}
    if state.nested:
        maps["weight.nested_quant_map"] = state.state2.code
    return {"weight": weight.data.reshape(-1), **named, **maps}


def has_quantized_weight(module) -> bool:
    if isinstance(module, bitsandbytes.nn.Linear8bitLt):
        return module.weight.CB is not None and module.weight.SCB is not None
    return getattr(module.weight, "quant_state", None) is not None


def quantize_like(module, source):
    """bitsandbytes' own layer of the base's weight, quantized with the parameters that the checkpoint's layer has."""
    weight = source.weight.data.T.contiguous() if isinstance(source, Conv1D) else source.weight.data
    N, K = weight.shape
    has_bias = source.bias is not None
    if isinstance(module, bitsandbytes.nn.Linear8bitLt):
        layer = bitsandbytes.nn.Linear8bitLt(
            K, N, has_bias, has_fp16_weights=False, threshold=module.state.threshold
        )
        layer.weight = bitsandbytes.nn.Int8Params(weight, requires_grad=False, has_fp16_weights=False)
    else:
        state = module.weight.quant_state
        layer = bitsandbytes.nn.Linear4bit(K, N, has_bias, module.compute_dtype)
        layer.weight = bitsandbytes.nn.Params4bit(
            weight,
            requires_grad=False,
            blocksize=state.blocksize,
            compress_statistics=state.nested,
            quant_type=state.quant_type,
            quant_storage=torch.uint8,
            module=layer,
        )
    layer.bias = None if source.bias is None else torch.nn.Parameter(source.bias.data.clone(), requires_grad=False)
    return layer.to("cpu").eval()


def differing(found: dict, wanted: dict) -> list[str]:
    """The names whose dtype, shape or bytes differ, or that one side lacks."""
    wrong = []
    for name in sorted(found.keys() | wanted.keys()):
        a, b = found.get(name), wanted.get(name)
        same = a is not None and b is not None and a.dtype == b.dtype and a.shape == b.shape
        if not (same and raw_bytes(a) == raw_bytes(b)):
            wrong.append(name)
    return wrong


def shorten(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def check_against_base(model, base, verdict: Verdict) -> None:
    """Compares tensor by tensor, and puts bitsandbytes' own layers into the base."""
    modules = quantized_modules(model)
    wrong, bytes_equal = [], 0
    for path, module in modules.items():
        source = base.get_submodule(path)
        if not isinstance(source, torch.nn.Linear | Conv1D):
            verdict.say(False, f"{path} is quantized, and no linear layer in the base")
            return
        own = quantize_like(module, source)
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            shape, own_shape = list(module.weight.quant_state.shape), list(own.weight.quant_state.shape)
            if shape != own_shape:
                wrong.append(f"{path}.weight (shape {shape}, expected {own_shape})")
        found, expected = parts(module), parts(own)
        wrong += [f"{path}.{name}" for name in differing(found, expected)]
        bytes_equal += sum(tensor.nbytes for tensor in expected.values())
        base.set_submodule(path, own)
    equal = f"equal to the base quantized by bitsandbytes ({bytes_equal:,} bytes)"
    verdict.say(not wrong, f"quantized tensors: {'differ: ' + shorten(wrong) if wrong else equal}")

    rest = {name: p.data for name, p in model.named_parameters() if not is_quantized_weight(p)}
    base_rest = {name: p.data for name, p in base.named_parameters() if not is_quantized_weight(p)}
    wrong = differing(rest, base_rest)
    verdict.say(not wrong, f"{len(base_rest)} other tensors: {'differ: ' + shorten(wrong) if wrong else 'those of the base'}")


def is_quantized_weight(parameter) -> bool:
    return isinstance(parameter, bitsandbytes.nn.Params4bit | bitsandbytes.nn.Int8Params)


def chosen_by_transformers(base) -> set[str]:
    """The layers that BitsAndBytesConfig without skip modules would quantize."""
    skipped = get_keys_to_not_convert(base)
    linear = {path for path, m in base.named_modules() if type(m) is torch.nn.Linear or isinstance(m, Conv1D)}
    return {path for path in linear if should_convert_module(path, skipped)}


def logits_of(model) -> torch.Tensor:
    """Ids that need no tokenizer: the vocabulary in steps."""
    vocabulary = model.get_input_embeddings().weight.shape[0]
    ids = torch.tensor([[(i * 7919 + 13) % vocabulary for i in range(TOKENS)]])
    return model(input_ids=ids).logits[0].double()


def difference(logits: torch.Tensor, wanted: torch.Tensor) -> str:
    if torch.equal(logits, wanted):
        return "equal logits"
    if logits.shape != wanted.shape:
        return f"logits have shape {list(logits.shape)}, the base's {list(wanted.shape)}"
    worst, largest = (logits - wanted).abs().max().item(), wanted.abs().max().item()
    return f"logits differ from the base quantized by bitsandbytes: worst {worst:.3g}, largest logit {largest:.3g}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--base", type=Path, metavar="MODEL_DIR")
    arguments = parser.parse_args()
    disable_progress_bar()
    # transformers says which tensors it could not use.
    set_verbosity_warning()
    verdict = Verdict()
    packages = {name: versions()[name] for name in ("torch", "transformers", "bitsandbytes")}
    print(", ".join(f"{name} {number}" for name, number in packages.items()) + ", torch backend")

    try:
        model, info = load(arguments.folder)
    except Exception as error:
        verdict.say(False, f"from_pretrained: {type(error).__name__}: {error}")
        return 1
    problems = {
        kind: sorted(map(str, info.get(kind) or [])) for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")
    }
    found = "; ".join(f"{kind}: {shorten(names)}" for kind, names in problems.items() if names)
    verdict.say(not found, f"from_pretrained: {found or 'loads, no missing and no unexpected tensor'}")

    modules = quantized_modules(model)
    bare = [path for path, module in modules.items() if not has_quantized_weight(module)]
    if bare:
        verdict.say(False, f"layers whose weight is not quantized, and not in llm_int8_skip_modules: {shorten(bare)}")
        return 1
    kinds = sorted({describe(module) for module in modules.values()})
    verdict.say(bool(modules), f"{len(modules)} quantized layers: {'; '.join(kinds) or 'none'}")
    base = None
    if arguments.base:
        base, _ = load(arguments.base)
        extra, left = modules.keys() - chosen_by_transformers(base), chosen_by_transformers(base) - modules.keys()
        if extra or left:
            print(f"note transformers by itself would choose {len(left)} more and {len(extra)} fewer layers: {shorten(sorted(extra | left))}")
        check_against_base(model, base, verdict)

    # Only now: a forward moves the parts of an int8 weight.
    logits = logits_of(model)
    verdict.say(bool(torch.isfinite(logits).all()), f"logits of {TOKENS} ids are finite")
    if base is not None:
        wanted = logits_of(base)
        verdict.say(torch.equal(logits, wanted), difference(logits, wanted))
    return int(verdict.failed)


def describe(module) -> str:
    if isinstance(module, bitsandbytes.nn.Linear8bitLt):
        return f"int8, threshold {module.state.threshold}"
    state = module.weight.quant_state
    nested = ", double quantization" if state.nested else ""
    return f"{state.quant_type}, blocksize {state.blocksize}{nested}, compute dtype {str(module.compute_dtype).removeprefix('torch.')}"


if __name__ == "__main__":
    sys.exit(main())
