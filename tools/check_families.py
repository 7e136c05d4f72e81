"""Asks transformers and Nibble for the logits of random small models of each family: equal or refused, nothing else.

    pip install -r tools/requirements-golden.txt
    python tools/check_families.py [--count 500] [--seed 0] [--only qwen3 gemma2 ...] [--keep DIR]

Each model has a config.json drawn at random: sizes, then the switches and numbers that its configuration class knows
(those in KNOBS from values that people use, any other by chance), then the ways in which people's files differ from
what transformers writes (SPELLINGS). transformers reads the saved folder in float64; Nibble reads the same folder.
A model counts as equal if every log-probability is within 1e-3 nats. Prints what differs, then a table by family;
exit status 1 if anything differs.
"""

import argparse
import base64
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

# Before torch is imported: it has settings that must stand by then.
from make_golden_base import NoFloat32, versions

import numpy
import torch
import transformers
from transformers import AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()

NATS = 1e-3
ROOT = Path(__file__).resolve().parent.parent

# model_type -> configuration class. Families that Nibble refuses belong here as well: it must say so.
FAMILIES = {
    "llama": "LlamaConfig",
    "mistral": "MistralConfig",
    "ministral": "MinistralConfig",
    "ministral3": "Ministral3Config",
    "qwen2": "Qwen2Config",
    "qwen3": "Qwen3Config",
    "gpt2": "GPT2Config",
    "phi": "PhiConfig",
    "phi3": "Phi3Config",
    "smollm3": "SmolLM3Config",
    "olmo": "OlmoConfig",
    "olmo2": "Olmo2Config",
    "olmo3": "Olmo3Config",
    "exaone4": "Exaone4Config",
    "seed_oss": "SeedOssConfig",
    "gemma": "GemmaConfig",
    "gemma2": "Gemma2Config",
    "gemma3_text": "Gemma3TextConfig",
    "granite": "GraniteConfig",
    "granitemoehybrid": "GraniteMoeHybridConfig",
    "gpt_neox": "GPTNeoXConfig",
    "opt": "OPTConfig",
    "stablelm": "StableLmConfig",
    "starcoder2": "Starcoder2Config",
    "cohere": "CohereConfig",
    "cohere2": "Cohere2Config",
    "glm": "GlmConfig",
    "glm4": "Glm4Config",
    "ernie4_5": "Ernie4_5Config",
    "helium": "HeliumConfig",
    "arcee": "ArceeConfig",
    "hunyuan_v1_dense": "HunYuanDenseV1Config",
    "apertus": "ApertusConfig",
    "nemotron": "NemotronConfig",
    "gptj": "GPTJConfig",
    "gpt_neo": "GPTNeoConfig",
    "gpt_bigcode": "GPTBigCodeConfig",
    "bloom": "BloomConfig",
    "olmoe": "OlmoeConfig",
}

ACTIVATIONS = ["silu", "swish", "gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "quick_gelu", "relu", "relu2"]


def ropes(draw: random.Random, head_dim: int, longest: int) -> dict:
    """rope_parameters of a kind drawn at random."""
    kind = draw.choice(["default", "default", "default", "linear", "dynamic", "yarn", "llama3", "longrope"])
    rope = {"rope_type": kind, "rope_theta": draw.choice([100.0, 10000.0, 1e6])}
    if kind == "default":
        return rope
    rope["factor"] = draw.choice([1.5, 2.0, 4.0, 8.0])
    if kind in ("yarn", "llama3", "longrope"):
        rope["original_max_position_embeddings"] = max(2, longest // draw.choice([1, 2, 4]))
    if kind == "yarn":
        for name, values in {
            "beta_fast": [16.0, 32.0],
            "beta_slow": [1.0, 2.0],
            "attention_factor": [0.9, 1.2],
            "mscale": [0.7, 1.0],
            "mscale_all_dim": [0.8, 1.0],
            "truncate": [False],
        }.items():
            if draw.random() < 0.25:
                rope[name] = draw.choice(values)
    if kind == "llama3":
        rope |= {"low_freq_factor": 1.0, "high_freq_factor": draw.choice([2.0, 4.0])}
    if kind == "longrope":
        half = head_dim // 2
        rope |= {
            "short_factor": [round(draw.uniform(1, 1.5), 3) for _ in range(half)],
            "long_factor": [round(draw.uniform(1, 6), 3) for _ in range(half)],
        }
    return rope


# Values that people use, of fields that any class may have.
KNOBS = {
    "hidden_act": ACTIVATIONS,
    "hidden_activation": ACTIVATIONS,
    "activation_function": ACTIVATIONS,
    "partial_rotary_factor": [0.25, 0.5, 0.75, 1.0],
    "rotary_pct": [0.25, 0.5, 1.0],
    "sliding_window": [None, 3, 7, 4096],
    "use_sliding_window": [True, False],
    "max_window_layers": [0, 1, 2],
    "final_logit_softcapping": [None, 5.0, 30.0],
    "attn_logit_softcapping": [None, 3.0, 50.0],
    "query_pre_attn_scalar": [8, 16, 256],
    "attention_multiplier": [0.2, 0.5, 1.0],
    "embedding_multiplier": [0.5, 3.0, 12.0],
    "residual_multiplier": [0.22, 0.5, 1.0],
    "logits_scaling": [1.0, 4.0, 8.0],
    "logit_scale": [0.0625, 0.5, 1.0],
    "clip_qkv": [None, 0.5, 8.0],
    "no_rope_layer_interval": [2, 3],
    "sliding_window_pattern": [2, 3],
    "layer_norm_eps": [1e-5, 1e-6, 1e-3],
    "rms_norm_eps": [1e-5, 1e-6, 1e-3],
    "norm_epsilon": [1e-5, 1e-3],
    "num_local_experts": [0],
}

# Sizes and ids are drawn apart; these name what is made of the model, not what it computes, or need files of their own.
FIXED = {
    *("architectures", "model_type", "transformers_version", "torch_dtype", "dtype", "vocab_size", "hidden_size"),
    *("intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim"),
    *("max_position_embeddings", "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "n_embd", "n_head"),
    *("n_layer", "n_positions", "n_inner", "ffn_dim", "word_embed_proj_dim", "shared_intermediate_size"),
    *("rope_parameters", "rope_scaling", "rope_theta", "layer_types", "id2label", "label2id", "no_rope_layers"),
    *("return_dict", "output_hidden_states", "output_attentions", "use_cache", "_name_or_path", "quantization_config"),
    *("mamba_n_heads", "mamba_d_head", "mamba_expand", "position_embedding_type", "chunk_size_feed_forward", "problem_type", "is_encoder_decoder", "layers_block_type", "attention_layers"),
}


def sizes(draw: random.Random) -> dict:
    heads = draw.choice([2, 4])
    head_dim = draw.choice([8, 16])
    return {
        "vocab_size": draw.choice([51, 64]),
        "hidden_size": heads * head_dim,
        "intermediate_size": draw.choice([40, 56]),
        "num_hidden_layers": draw.choice([2, 3, 4]),
        "num_attention_heads": heads,
        "num_key_value_heads": draw.choice([1, 2, heads]),
        "head_dim": draw.choice([head_dim, head_dim, 12]),
        "max_position_embeddings": draw.choice([20, 40, 64]),
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }


def accepted(config_class, wanted: dict) -> dict:
    """The fields of `wanted` that the class has, by its own names for them."""
    known = config_class().to_dict()
    names = getattr(config_class, "attribute_map", {})
    renamed = {names.get(name, name): value for name, value in wanted.items()}
    renamed |= {"ffn_dim": wanted["intermediate_size"], "shared_intermediate_size": wanted["intermediate_size"]}
    renamed |= {"word_embed_proj_dim": wanted["hidden_size"], "n_inner": wanted["intermediate_size"]}
    renamed["mamba_n_heads"] = wanted["num_attention_heads"]
    return {name: value for name, value in renamed.items() if name in known}


def draw_config(draw: random.Random, name: str):
    config_class = getattr(transformers, FAMILIES[name])
    wanted = sizes(draw)
    fields = accepted(config_class, wanted)
    usual = config_class().to_dict()
    for field, value in usual.items():
        if field in FIXED:
            continue
        if field in KNOBS:
            if draw.random() < (0.08 if KNOBS[field] is ACTIVATIONS else 0.3):
                fields[field] = draw.choice(KNOBS[field])
        elif draw.random() < 0.08:
            if isinstance(value, bool):
                fields[field] = not value
            elif isinstance(value, float):
                fields[field] = value * draw.choice([0.5, 2.0]) if value else 0.1
            elif isinstance(value, int):
                fields[field] = value + draw.choice([-1, 1, 2])
    head_dim = fields.get("head_dim", wanted["hidden_size"] // wanted["num_attention_heads"])
    if "rope_parameters" in usual and draw.random() < 0.7:
        fields["rope_parameters"] = ropes(draw, head_dim, wanted["max_position_embeddings"])
    if "attention_types" in usual:
        kinds = [draw.choice(["global", "local"]) for _ in range(wanted["num_hidden_layers"])]
        fields |= {"attention_types": [[kinds, 1]], "window_size": draw.choice([3, 5]), "num_layers": len(kinds)}
    if "rotary_dim" in usual:
        fields["rotary_dim"] = draw.choice([4, 6, 8])
    if "layer_types" in usual and draw.random() < 0.5:
        kinds = sorted(set(usual["layer_types"] or ["full_attention"]) | {"full_attention"})
        fields["layer_types"] = [draw.choice(kinds) for _ in range(wanted["num_hidden_layers"])]
    if "mamba_n_heads" in usual and draw.random() < 0.8:
        # Left alone, most would be of state-space layers.
        fields["layer_types"] = ["full_attention"] * wanted["num_hidden_layers"]
        fields["position_embedding_type"] = draw.choice(["rope", None])
    return config_class(**fields), fields


# ---------------------------------------------------------------------------------------------
# How people's files differ from what transformers 5 writes


def rope_of_version_4(json_of: dict) -> None:
    rope = json_of.get("rope_parameters")
    if isinstance(rope, dict) and "rope_type" in rope:
        del json_of["rope_parameters"]
        json_of["rope_theta"] = rope.pop("rope_theta", 10000.0)
        if rope["rope_type"] != "default":
            json_of["rope_scaling"] = {"type": rope["rope_type"], **rope}


def without(field: str):
    return lambda json_of: json_of.pop(field, None)


def unknown_field(json_of: dict) -> None:
    if len(json_of) % 4 == 0:
        json_of["mixing_temperature"] = 2.0


def common_names(json_of: dict) -> None:
    names = {"n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads"}
    for own, common in {**names, "n_positions": "max_position_embeddings"}.items():
        if own in json_of:
            json_of[common] = json_of.pop(own)


SPELLINGS = [rope_of_version_4, common_names, without("architectures"), without("dtype"), without("transformers_version"), unknown_field]


# ---------------------------------------------------------------------------------------------
# Models


def fill(model, numbers: numpy.random.Generator) -> None:
    """Weights under which every part of the model matters."""
    conv1d = {f"{path}.weight" for path, module in model.named_modules() if isinstance(module, Conv1D)}
    for path, parameter in model.named_parameters():
        value = torch.from_numpy(numbers.standard_normal(tuple(parameter.shape)).astype(numpy.float32))
        if path.endswith("bias"):
            value = 0.1 * value
        elif parameter.dim() < 2:
            value = parameter.detach().clone().float().mean() + 0.25 * value
        elif "embed" in path or "wte" in path or "wpe" in path or "lm_head" in path:
            value = 0.5 * value
        else:
            value = value * (0.8 / parameter.shape[0 if path in conv1d else 1] ** 0.5)
        parameter.copy_(value)


def write_model(draw: random.Random, name: str, seed: int, folder: Path) -> dict:
    config, fields = draw_config(draw, name)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    fill(model, numpy.random.default_rng(seed))
    model.float().save_pretrained(folder)
    file = folder / "config.json"
    json_of = json.loads(file.read_text())
    spelled = [change for change in SPELLINGS if draw.random() < 0.15]
    for change in spelled:
        change(json_of)
    file.write_text(json.dumps(json_of, indent=2))
    longest = fields.get("max_position_embeddings", fields.get("n_positions", 40))
    ids = [draw.randrange(3, config.vocab_size) for _ in range(min(longest, draw.choice([12, 24, 40])))]
    return {"folder": str(folder), "ids": ids}


def by_transformers(question: dict) -> torch.Tensor:
    """Log-probabilities [ids, vocabulary]."""
    model, info = AutoModelForCausalLM.from_pretrained(
        question["folder"], attn_implementation="eager", dtype=torch.float32, output_loading_info=True
    )
    if info["missing_keys"] or info["mismatched_keys"]:
        raise ValueError(f"transformers made up {sorted(info['missing_keys'])[:3]}")
    ids = torch.tensor([question["ids"]])
    if getattr(model.config, "reorder_and_upcast_attn", False):
        # GPT-2 insists on float32 there.
        logits = model.eval()(input_ids=ids).logits[0]
    else:
        with NoFloat32():
            logits = model.eval().double()(input_ids=ids).logits[0]
    return torch.log_softmax(logits.double(), -1)


class Nibble:
    """The process that answers questions, one at a time."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["node", "tools/logits.mjs"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, question: dict) -> dict:
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"Nibble ended over {question['folder']}")
        return json.loads(line)


def log_softmax_of(answer: dict, like: torch.Tensor) -> torch.Tensor:
    values = numpy.frombuffer(base64.b64decode(answer["logits"]), dtype=numpy.float32).reshape(like.shape)
    return torch.log_softmax(torch.from_numpy(values.astype(numpy.float64)), -1)


def verdict(question: dict, nibble: Nibble) -> tuple[str, str]:
    """equal, refused, wrong, or only here; and the difference in nats or a sentence."""
    answer = nibble.ask(question)
    try:
        reference = by_transformers(question)
        assert torch.isfinite(reference).all(), "not finite"
    except Exception as error:  # Whatever it is, there is nothing to hold a number against.
        sentence = f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}"
        return ("refused", "by both") if "refused" in answer else ("only here", sentence)
    if "refused" in answer:
        return ("crash" if answer["refused"] == "internal" else "refused"), answer["message"]
    difference = (log_softmax_of(answer, reference) - reference).abs().max().item()
    return ("equal" if difference <= NATS else "wrong"), f"{difference:.2g}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=sorted(FAMILIES), default=list(FAMILIES))
    parser.add_argument("--keep", type=Path, help="a folder for the models that differ")
    parser.add_argument("--why", action="store_true", help="print each refusal")
    options = parser.parse_args()

    nibble = Nibble()
    counts: dict[str, Counter] = defaultdict(Counter)
    worst: dict[str, float] = defaultdict(float)
    reasons: Counter = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.count):
            name = options.only[number % len(options.only)]
            folder = Path(scratch) / f"{number}-{name}"
            # Some draws are no model: heads that do not divide, a window of a kind the class does not take.
            for attempt in range(20):
                draw = random.Random(f"{options.seed} {number} {attempt}")
                shutil.rmtree(folder, ignore_errors=True)
                try:
                    question = write_model(draw, name, options.seed * 100_000 + number, folder)
                    break
                except Exception as error:
                    made_none = error
            else:
                print(f"{name} {number}: no model could be made: {made_none}")
                counts[name]["no model"] += 1
                continue
            kind, detail = verdict(question, nibble)
            counts[name][kind] += 1
            if kind == "equal":
                worst[name] = max(worst[name], float(detail))
            if kind == "refused":
                reasons[detail] += 1
                if options.why:
                    print(f"{name} {number}: {detail}")
            if kind in ("wrong", "crash", "only here"):
                print(f"{name} {number}: {kind}, {detail}")
                print("   ", json.dumps(json.loads((folder / "config.json").read_text())))
                if options.keep:
                    shutil.copytree(folder, options.keep / folder.name, dirs_exist_ok=True)
                    (options.keep / folder.name / "ids.json").write_text(json.dumps(question["ids"]))
            shutil.rmtree(folder)

    print(f"\n{options.count} models, seed {options.seed}, {json.dumps(versions())}\n")
    kinds = ["equal", "refused", "wrong", "crash", "only here", "no model"]
    print("| family | " + " | ".join(kinds) + " | worst of the equal, nats |\n|" + "---|" * (len(kinds) + 2))
    for name in options.only:
        print(f"| {name} | " + " | ".join(str(counts[name][kind]) for kind in kinds) + f" | {worst[name]:.2g} |")
    print("\nRefused:")
    for reason, times in reasons.most_common(40):
        print(f"{times:4} {reason}")
    return int(any(counts[name][kind] for name in counts for kind in ("wrong", "crash", "only here")))


if __name__ == "__main__":
    sys.exit(main())
