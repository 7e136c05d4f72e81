"""Writes models/, checkpoints/ and adapters/: tiny models of random weights as transformers, bitsandbytes and peft save and compute them.

    pip install -r tools/requirements-golden.txt
    python tools/make_golden_models.py OUT [--only NAME ...]

OUT is test/golden in this repository; test/golden/README.md says what the files hold. A second run writes the same bytes.
With --only it writes the named models of SMALL and leaves all else as it is.
"""

import argparse
import hashlib
import os
import shutil
import warnings
from pathlib import Path

from make_golden_base import (
    F,
    NoFloat32,
    absmax_of,
    bitsandbytes,
    check_known_hashes,
    dequantize_float32,
    normal,
    offset_is_rounded_mean,
    random_numbers,
    relative_distance,
    sha256,
    write_golden,
    write_json,
)

import peft
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoModelForSequenceClassification,
    BitsAndBytesConfig,
    ArceeConfig,
    Cohere2Config,
    CohereConfig,
    Exaone4Config,
    Gemma2Config,
    Gemma3Config,
    Gemma3TextConfig,
    GemmaConfig,
    GPT2Config,
    GPTBigCodeConfig,
    GPTJConfig,
    GPTNeoConfig,
    GPTNeoXConfig,
    GraniteConfig,
    GraniteMoeHybridConfig,
    Ernie4_5Config,
    Glm4Config,
    GlmConfig,
    HeliumConfig,
    HunYuanDenseV1Config,
    LlamaConfig,
    Ministral3Config,
    MinistralConfig,
    Mistral3Config,
    MistralConfig,
    Olmo2Config,
    OlmoConfig,
    OPTConfig,
    Olmo3Config,
    Phi3Config,
    PhiConfig,
    Qwen2_5_VLConfig,
    Qwen2Config,
    Qwen3Config,
    Qwen3VLConfig,
    SeedOssConfig,
    SmolLM3Config,
    StableLmConfig,
    Starcoder2Config,
)
from transformers.pytorch_utils import Conv1D
from transformers.utils.logging import disable_progress_bar

SEED = 20251
COMMAND = "python tools/make_golden_models.py test/golden"
TOKENS = 20

# What transformers calls them, and the configuration that Nibble gives the same.
FORMATS = {
    "nf4": {"quant_type": "nf4", "blocksize": 64, "double_quant": False},
    "fp4": {"quant_type": "fp4", "blocksize": 64, "double_quant": False},
    "nf4_dq": {"quant_type": "nf4", "blocksize": 64, "double_quant": True},
    "fp4_dq": {"quant_type": "fp4", "blocksize": 64, "double_quant": True},
    "llm_int8": {"quant_type": "llm_int8", "llm_int8_threshold": 6.0},
    "llm_int8_0": {"quant_type": "llm_int8", "llm_int8_threshold": 0.0},
}


def quantization_config(name: str) -> BitsAndBytesConfig:
    chosen = FORMATS[name]
    if chosen["quant_type"] == "llm_int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=chosen["llm_int8_threshold"])
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=chosen["quant_type"],
        bnb_4bit_use_double_quant=chosen["double_quant"],
        bnb_4bit_compute_dtype=torch.float32,
    )


# ---------------------------------------------------------------------------------------------
# The models

SHAPES = {"num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1, "max_position_embeddings": 96}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}

# name -> (config, dtype of the file). Sizes no kernel likes: multiples of 4 and of nothing larger than they must be.
MODELS = {
    "llama": (
        LlamaConfig(vocab_size=151, hidden_size=84, intermediate_size=204, rope_parameters=LLAMA3_ROPE, **SHAPES),
        torch.bfloat16,
    ),
    "llama-tied": (
        LlamaConfig(
            vocab_size=149,
            hidden_size=60,
            intermediate_size=100,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "linear", "rope_theta": 500.0, "factor": 2.5},
            **SHAPES,
        ),
        torch.float32,
    ),
    "qwen2": (
        Qwen2Config(vocab_size=157, hidden_size=72, intermediate_size=180, tie_word_embeddings=True, **SHAPES),
        torch.bfloat16,
    ),
    "mistral": (
        MistralConfig(
            vocab_size=163, hidden_size=60, intermediate_size=132, head_dim=16, sliding_window=None, **SHAPES
        ),
        torch.bfloat16,
    ),
    "mistral-window": (
        MistralConfig(vocab_size=163, hidden_size=60, intermediate_size=132, sliding_window=5, **SHAPES),
        torch.bfloat16,
    ),
    "qwen3": (
        Qwen3Config(
            vocab_size=167, hidden_size=60, intermediate_size=140, head_dim=24, tie_word_embeddings=True, **SHAPES
        ),
        torch.bfloat16,
    ),
    "gpt2": (
        GPT2Config(vocab_size=173, n_positions=48, n_embd=60, n_layer=2, n_head=3, bos_token_id=172, eos_token_id=172),
        torch.float32,
    ),
    "gpt2-classifier": (
        GPT2Config(
            vocab_size=173,
            n_positions=48,
            n_embd=36,
            n_inner=180,
            n_layer=2,
            n_head=3,
            num_labels=4,
            bos_token_id=172,
            eos_token_id=172,
            pad_token_id=172,
        ),
        torch.float32,
    ),
}

# Models that hold one thing each beside those above: a family, a head, a window. logits, and hashes of the modules.
SMALL_SHAPES = {
    "vocab_size": 51,
    "hidden_size": 32,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 96,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 50,
}
# Of families whose keys have as many heads as queries.
ALL_HEADS = {name: value for name, value in SMALL_SHAPES.items() if name != "num_key_value_heads"}
OPT_SHAPES = {"ffn_dim": 40, **{name: value for name, value in ALL_HEADS.items() if name != "intermediate_size"}}
GPT2_SHAPES = {"vocab_size": 51, "n_positions": 48, "n_embd": 32, "n_layer": 3, "n_head": 4, "bos_token_id": 50, "eos_token_id": 50}
SOFTCAPS = {"attn_logit_softcapping": 3.0, "final_logit_softcapping": 4.0}
GEMMA3 = {
    "head_dim": 12,
    "query_pre_attn_scalar": 60,
    "sliding_window": 5,
    "layer_types": ["sliding_attention", "full_attention"],
    "rope_parameters": {
        "full_attention": {"rope_type": "linear", "rope_theta": 700.0, "factor": 2.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 300.0},
    },
}
GRANITE_MULTIPLIERS = {
    "embedding_multiplier": 3.0,
    "attention_multiplier": 0.15,
    "residual_multiplier": 0.6,
    "logits_scaling": 1.7,
}
GRANITE_DENSE = {
    "num_local_experts": 0,
    "layer_types": ["full_attention", "full_attention"],
    "shared_intermediate_size": 44,
    "mamba_n_heads": 4,
}
YARN = {"rope_type": "yarn", "rope_theta": 500.0, "factor": 4.0, "original_max_position_embeddings": 8}
LONG_ROPE = {
    "rope_type": "longrope",
    "rope_theta": 500.0,
    "short_factor": [1.0, 1.25, 1.5, 2.0],
    "long_factor": [1.5, 3.0, 6.0, 10.0],
}
SMALL = {
    "llama-classifier": LlamaConfig(**SMALL_SHAPES, num_labels=3),
    "mistral-classifier": MistralConfig(**SMALL_SHAPES, num_labels=3),
    "qwen2-classifier": Qwen2Config(**SMALL_SHAPES, num_labels=3),
    "qwen3-classifier": Qwen3Config(**SMALL_SHAPES, num_labels=3, head_dim=12),
    # The first layer sees all, the second the last five.
    "qwen2-window": Qwen2Config(**SMALL_SHAPES, use_sliding_window=True, sliding_window=5, max_window_layers=1),
    "qwen3-window": Qwen3Config(
        **SMALL_SHAPES,
        head_dim=12,
        use_sliding_window=True,
        sliding_window=4,
        layer_types=["sliding_attention", "full_attention"],
    ),
    "olmo2": Olmo2Config(**SMALL_SHAPES),
    "phi3": Phi3Config(**SMALL_SHAPES, sliding_window=6),
    # The second layer knows no positions.
    "smollm3": SmolLM3Config(**SMALL_SHAPES, no_rope_layer_interval=2),
    "ministral": MinistralConfig(
        **SMALL_SHAPES, head_dim=12, sliding_window=5, layer_types=["full_attention", "sliding_attention"]
    ),
    # The second layer sees all, and knows no positions.
    "exaone4": Exaone4Config(**SMALL_SHAPES, sliding_window=5, sliding_window_pattern=2),
    "seed-oss": SeedOssConfig(**SMALL_SHAPES, head_dim=12, attention_out_bias=True),
    "olmo": OlmoConfig(**SMALL_SHAPES),
    "olmo-clip": OlmoConfig(**SMALL_SHAPES, clip_qkv=0.5, attention_bias=True),
    "olmo-classifier": OlmoConfig(**SMALL_SHAPES, num_labels=3),
    "stablelm": StableLmConfig(**SMALL_SHAPES, use_qkv_bias=True, partial_rotary_factor=0.5),
    # As the 12B: one norm a block, and one with weights of its own for each head of queries and keys.
    "stablelm-parallel": StableLmConfig(
        **SMALL_SHAPES, partial_rotary_factor=0.25, use_parallel_residual=True, qk_layernorm=True
    ),
    "stablelm-classifier": StableLmConfig(**SMALL_SHAPES, num_labels=3),
    "starcoder2": Starcoder2Config(**SMALL_SHAPES, sliding_window=6),
    "starcoder2-classifier": Starcoder2Config(**SMALL_SHAPES, num_labels=3, use_bias=False),
    "cohere": CohereConfig(**SMALL_SHAPES, use_qk_norm=True, logit_scale=0.5),
    "cohere-bias": CohereConfig(**SMALL_SHAPES, attention_bias=True, logit_scale=0.25),
    # The second layer sees all, and knows no positions.
    "cohere2": Cohere2Config(**SMALL_SHAPES, sliding_window=5, sliding_window_pattern=2, logit_scale=0.25),
    "phi": PhiConfig(**SMALL_SHAPES),
    "phi-qk-norm": PhiConfig(**SMALL_SHAPES, qk_layernorm=True, tie_word_embeddings=True),
    "phi-classifier": PhiConfig(**SMALL_SHAPES, num_labels=3),
    "gpt-neox": GPTNeoXConfig(**ALL_HEADS),
    "gpt-neox-sequential": GPTNeoXConfig(**ALL_HEADS, use_parallel_residual=False, attention_bias=False, rotary_pct=1.0),
    "gpt-neox-classifier": GPTNeoXConfig(**ALL_HEADS, num_labels=3),
    "opt": OPTConfig(**OPT_SHAPES),
    "opt-plain": OPTConfig(**OPT_SHAPES, enable_bias=False, layer_norm_elementwise_affine=False),
    "opt-classifier": OPTConfig(**OPT_SHAPES, num_labels=3),
    "gptj": GPTJConfig(**GPT2_SHAPES, rotary_dim=6),
    "gptj-classifier": GPTJConfig(**GPT2_SHAPES, rotary_dim=8, num_labels=3, pad_token_id=50),
    # The second layer sees the last five.
    "gpt-neo": GPTNeoConfig(**ALL_HEADS, attention_types=[[["global", "local"], 1]], window_size=5),
    "gpt-neo-classifier": GPTNeoConfig(**ALL_HEADS, attention_types=[[["global"], 2]], num_labels=3),
    "gpt-bigcode": GPTBigCodeConfig(**GPT2_SHAPES),
    "gpt-bigcode-by-head": GPTBigCodeConfig(**GPT2_SHAPES, multi_query=False, scale_attn_weights=False),
    "gpt-bigcode-classifier": GPTBigCodeConfig(**GPT2_SHAPES, num_labels=3, pad_token_id=50),
    "llama-quick-gelu": LlamaConfig(**SMALL_SHAPES, hidden_act="quick_gelu"),
    "gpt2-by-layer": GPT2Config(**GPT2_SHAPES, activation_function="gelu", scale_attn_by_inverse_layer_idx=True),
    "gpt2-unscaled": GPT2Config(**GPT2_SHAPES, activation_function="relu", scale_attn_weights=False),
    "gemma": GemmaConfig(**SMALL_SHAPES, head_dim=12),
    "gemma-classifier": GemmaConfig(**SMALL_SHAPES, head_dim=12, num_labels=3),
    # The first layer sees the last five; bounds that most scores and logits come near.
    "gemma2": Gemma2Config(**SMALL_SHAPES, head_dim=12, query_pre_attn_scalar=20, sliding_window=5, **SOFTCAPS),
    "gemma2-classifier": Gemma2Config(**SMALL_SHAPES, head_dim=12, sliding_window=5, **SOFTCAPS, num_labels=3),
    # The first layer sees the last five, the second all, and turns by another theta.
    "gemma3": Gemma3TextConfig(**SMALL_SHAPES, **GEMMA3, final_logit_softcapping=4.0),
    "gemma3-classifier": Gemma3TextConfig(**SMALL_SHAPES, **GEMMA3, num_labels=3),
    "granite": GraniteConfig(**SMALL_SHAPES, **GRANITE_MULTIPLIERS),
    "granite4": GraniteMoeHybridConfig(**SMALL_SHAPES, **GRANITE_MULTIPLIERS, **GRANITE_DENSE, position_embedding_type="rope"),
    "granite4-nope": GraniteMoeHybridConfig(**SMALL_SHAPES, **GRANITE_MULTIPLIERS, **GRANITE_DENSE, attention_bias=True),
    "arcee": ArceeConfig(**SMALL_SHAPES, mlp_bias=True),
    "arcee-classifier": ArceeConfig(**SMALL_SHAPES, num_labels=3),
    "llama-yarn": LlamaConfig(**SMALL_SHAPES, head_dim=24, rope_parameters={**YARN}),
    "qwen2-yarn": Qwen2Config(
        **SMALL_SHAPES,
        rope_parameters={**YARN, "mscale": 1.5, "mscale_all_dim": 0.5, "truncate": False, "beta_fast": 0.5, "beta_slow": 0.05},
    ),
    "qwen3-yarn": Qwen3Config(**SMALL_SHAPES, head_dim=24, rope_parameters={**YARN, "attention_factor": 1.25}),
    "qwen2-dynamic": Qwen2Config(
        **SMALL_SHAPES, rope_parameters={"rope_type": "dynamic", "rope_theta": 500.0, "factor": 3.0}
    ),
    "llama-longrope": LlamaConfig(
        **SMALL_SHAPES, rope_parameters={**LONG_ROPE, "factor": 6.0, "original_max_position_embeddings": 12}
    ),
    # Sequences of more than 12 tokens are long ones.
    "phi3.5": Phi3Config(**SMALL_SHAPES, original_max_position_embeddings=12, rope_parameters={**LONG_ROPE}),
    "phi4-mini": Phi3Config(
        **SMALL_SHAPES,
        original_max_position_embeddings=64,
        partial_rotary_factor=0.75,
        rope_parameters={**LONG_ROPE, "short_factor": [1.0, 1.5, 2.5], "long_factor": [2.0, 5.0, 9.0]},
    ),
    # The second layer sees all, and turns by another rope.
    "olmo3": Olmo3Config(
        **SMALL_SHAPES,
        sliding_window=5,
        layer_types=["sliding_attention", "full_attention"],
        rope_parameters={"full_attention": {**YARN, "rope_theta": 700.0}, "sliding_attention": {"rope_theta": 300.0}},
    ),
    "glm": GlmConfig(**SMALL_SHAPES, head_dim=12),
    "glm4": Glm4Config(**SMALL_SHAPES, head_dim=16, partial_rotary_factor=0.25),
    "ernie4.5": Ernie4_5Config(**SMALL_SHAPES, head_dim=12, use_bias=True),
    "helium": HeliumConfig(**SMALL_SHAPES, head_dim=8, mlp_bias=True, attention_bias=True),
    "hunyuan": HunYuanDenseV1Config(
        **SMALL_SHAPES,
        head_dim=12,
        rope_parameters={"rope_type": "dynamic", "rope_theta": 500.0, "factor": 1.0, "alpha": 50.0},
    ),
    "phi3-classifier": Phi3Config(**SMALL_SHAPES, num_labels=3),
    "smollm3-classifier": SmolLM3Config(**SMALL_SHAPES, no_rope_layer_interval=2, num_labels=3),
    "olmo3-classifier": Olmo3Config(
        **SMALL_SHAPES, sliding_window=5, layer_types=["sliding_attention", "full_attention"], num_labels=3
    ),
    "glm-classifier": GlmConfig(**SMALL_SHAPES, head_dim=12, num_labels=3),
    "glm4-classifier": Glm4Config(**SMALL_SHAPES, head_dim=12, num_labels=3),
    "helium-classifier": HeliumConfig(**SMALL_SHAPES, head_dim=8, num_labels=3),
    "hunyuan-classifier": HunYuanDenseV1Config(**SMALL_SHAPES, head_dim=12, num_labels=3),
    "ministral-classifier": MinistralConfig(**SMALL_SHAPES, head_dim=12, sliding_window=5, num_labels=3),
    "ministral3-classifier": Ministral3Config(**SMALL_SHAPES, head_dim=12, num_labels=3),
    # Queries are longer from the eighth token on, and longer still from the sixteenth.
    "ministral3": Ministral3Config(
        **SMALL_SHAPES,
        head_dim=12,
        rope_parameters={**YARN, "mscale": 1.0, "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.4},
    ),
}

# The language models within models of images, none of whose ids is one of an image.
VISION = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 32, "patch_size": 2}
IMAGE_IDS = dict.fromkeys(("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id"), 50)
WITHIN_IMAGES = {
    "qwen2.5-vl": Qwen2_5_VLConfig(
        text_config={**SMALL_SHAPES, "rope_parameters": {"rope_theta": 1e4, "rope_type": "default", "mrope_section": [1, 1, 2]}},
        vision_config={**VISION, "fullatt_block_indexes": [0]},
        **IMAGE_IDS,
    ),
    "qwen3-vl": Qwen3VLConfig(
        text_config={
            **SMALL_SHAPES,
            "head_dim": 12,
            "rope_parameters": {"rope_theta": 1e4, "rope_type": "default", "mrope_section": [2, 2, 2], "mrope_interleaved": True},
        },
        vision_config={**VISION, "deepstack_visual_indexes": [0], "num_position_embeddings": 4},
        tie_word_embeddings=True,
        **IMAGE_IDS,
    ),
    "gemma3-images": Gemma3Config(
        text_config={**SMALL_SHAPES, **GEMMA3},
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 8,
            "patch_size": 4,
        },
        mm_tokens_per_image=1,
        image_token_index=50,
    ),
    "mistral3": Mistral3Config(
        text_config={"model_type": "ministral3", **SMALL_SHAPES, "head_dim": 12, "rope_parameters": {**YARN, "llama_4_scaling_beta": 0.4}},
        vision_config={
            "model_type": "pixtral",
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "head_dim": 8,
            "patch_size": 2,
            "image_size": 4,
        },
        image_token_index=50,
        tie_word_embeddings=False,
    ),
}
SMALL |= WITHIN_IMAGES
MODELS_AND_SMALL = {**MODELS, **{name: (config, torch.bfloat16) for name, config in SMALL.items()}}


def auto_class(name: str):
    if name in WITHIN_IMAGES:
        return AutoModelForImageTextToText
    return AutoModelForSequenceClassification if name.endswith("classifier") else AutoModelForCausalLM


def load(name: str, folder: Path, **options):
    return auto_class(name).from_pretrained(folder, attn_implementation="eager", **options).eval()


def random_parameter(model_name: str, name: str, shape: torch.Size, transposed: bool) -> torch.Tensor:
    """Sizes that let every part of the model matter, and two features of each normed input above 6, as LLM.int8() expects."""
    value = normal(SEED, f"{model_name} {name}", *shape)
    is_norm = "norm" in name or ".ln_" in name
    if is_norm and name.endswith("weight"):
        value = 1 + 0.25 * value
        if not any(last in name for last in ("model.norm", "ln_f", "q_norm", "k_norm")):
            value[shape[0] // 3], value[-2] = 6.5, -7.5
        return value
    if name.endswith("bias"):
        return 0.1 * value
    if name in ("lm_head.weight", "score.weight"):
        return 0.3 * value
    if "embed_tokens" in name or "wte" in name or "wpe" in name:
        return 0.5 * value
    return value * (0.7 / shape[0 if transposed else 1] ** 0.5)


def make_model(name: str, out: Path) -> None:
    config, dtype = MODELS_AND_SMALL[name]
    torch.manual_seed(SEED)
    model = auto_class(name).from_config(config, attn_implementation="eager")
    conv1d = {f"{path}.weight" for path, module in model.named_modules() if isinstance(module, Conv1D)}
    for path, parameter in model.named_parameters():
        parameter.copy_(random_parameter(name, path, parameter.shape, path in conv1d))
    save(model.to(dtype), out / "models" / name)


def save(model, folder: Path, unwanted=("generation_config.json", "README.md")) -> None:
    model.save_pretrained(folder)
    for name in unwanted:
        (folder / name).unlink(missing_ok=True)
    for file in folder.iterdir():
        file.chmod(0o644)


# ---------------------------------------------------------------------------------------------
# Logits


def model_inputs(name: str) -> dict[str, torch.Tensor]:
    """One sequence, its first token twice; for the classifier three of different lengths, padded on the right."""
    vocab = MODELS_AND_SMALL[name][0].get_text_config().vocab_size
    ids = torch.from_numpy(random_numbers(SEED, f"{name} ids").integers(0, vocab - 1, (3, TOKENS)))
    if not name.endswith("classifier"):
        ids[0, 1] = ids[0, 0]
        return {"input_ids": ids[:1]}
    lengths = torch.tensor([[11], [4], [16]])
    mask = (torch.arange(16) < lengths).long()
    return {"input_ids": torch.where(mask == 1, ids[:, :16], MODELS_AND_SMALL[name][0].pad_token_id), "attention_mask": mask}


def logits_of(model, inputs) -> torch.Tensor:
    """[tokens, vocabulary], or [sequences, labels] of a classifier."""
    logits = model(**inputs).logits
    assert torch.isfinite(logits).all()
    return logits.squeeze(0)


def logits_float64(model, inputs) -> torch.Tensor:
    with NoFloat32():
        logits = logits_of(model.double(), inputs)
    assert logits.dtype == torch.float64
    return logits


# Models whose tokens turn otherwise in sequences of more than 12 tokens.
OUTGROWING = ("phi3.5", "llama-longrope")
BEYOND = {
    "generated": "I32, what generate() appends to the first 8 ids, in float64",
    "continued": "F64, summed log-probabilities of ids[10:10 + n] after ids[:10], n from 1 to 6, each in a pass of its own",
}


def beyond(model, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """A generation, and continuations, that grow beyond the length up to which the short factors hold."""
    with NoFloat32():
        made = model.generate(
            ids[:, :8], attention_mask=torch.ones_like(ids[:, :8]), do_sample=False, max_new_tokens=10, output_logits=True, return_dict_in_generate=True
        )
        best = torch.cat(made.logits).topk(2).values
        assert (best[:, 0] - best[:, 1]).min() > 1e-3, "the likeliest two tokens are too near each other"
        assert made.sequences.shape[1] == 18, "it ended before"
        continued = []
        for n in range(1, 7):
            logprobs = model(ids[:, : 10 + n - 1]).logits[0].log_softmax(-1)
            continued.append(sum(logprobs[9 + i, ids[0, 10 + i]] for i in range(n)))
    return {"generated": made.sequences[0, 8:].int(), "continued": torch.stack(continued)}


def ints(inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.squeeze(0).int() for name, tensor in inputs.items()}


def make_logits(name: str, out: Path) -> torch.Tensor:
    folder = out / "models" / name
    inputs = model_inputs(name)
    model = load(name, folder, dtype=torch.float32)
    logits = logits_of(model, inputs)
    if name.endswith("classifier"):
        check_padding(model, inputs, logits)
    if name == "mistral-window":
        wide = load(name, folder, dtype=torch.float32, sliding_window=None)
        first = MODELS[name][0].sliding_window
        assert relative_distance(logits[:first], logits_of(wide, inputs)[:first]) < 1e-6
        assert relative_distance(logits[first:], logits_of(wide, inputs)[first:]) > 1e-2
    exact = logits_float64(model, inputs)
    longer = beyond(model, inputs["input_ids"]) if name in OUTGROWING else {}
    distance = relative_distance(logits, exact)
    assert distance < 1e-5, f"{name}: float32 is {distance} from float64"
    assert logits.std() > 0.3 and logits.abs().max() < 60, f"{name}: logits out of proportion"
    write_golden(
        folder / "logits",
        {**ints(inputs), "logits": logits, "logits_float64": exact, **longer},
        {
            "what": f"logits of {name} by transformers, eager attention",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {
                "architecture": type(model).__name__,
                "file_dtype": str(MODELS_AND_SMALL[name][1]).removeprefix("torch."),
                "tensors": {
                    "input_ids": "I32 [tokens] (classifier: [sequences, tokens], padded on the right)",
                    **({"attention_mask": "I32, 0 on padding"} if "attention_mask" in inputs else {}),
                    "logits": "F32 [tokens, vocabulary] (classifier: [sequences, labels] at each last token), the model in float32",
                    "logits_float64": "F64, the model and all its arithmetic in float64; only rotary frequencies were computed in float32",
                    **(BEYOND if longer else {}),
                },
            },
            "parameters_count": sum(p.numel() for p in model.parameters()),
            "float32_to_float64": {
                "relative": float(f"{distance:.3g}"),
                "absolute": float(f"{(logits - exact).abs().max().item():.3g}"),
            },
            "model_sha256": sha256_of_file(folder / "model.safetensors"),
        },
    )
    return logits


def check_padding(model, inputs, logits) -> None:
    for i, mask in enumerate(inputs["attention_mask"]):
        alone = model(input_ids=inputs["input_ids"][i : i + 1, : mask.sum()]).logits[0]
        assert relative_distance(logits[i], alone) < 1e-5


def sha256_of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---------------------------------------------------------------------------------------------
# Quantized


def quantized_modules(model) -> dict:
    classes = (bitsandbytes.nn.Linear4bit, bitsandbytes.nn.Linear8bitLt)
    return {path: module for path, module in model.named_modules() if isinstance(module, classes)}


def describe_module(module) -> dict:
    """Its shape and the hashes of its parts. To be called before the first forward, which moves an int8 weight's parts."""
    weight = module.weight
    if isinstance(module, bitsandbytes.nn.Linear8bitLt):
        return {"shape": list(weight.CB.shape), "CB": sha256(weight.CB), "SCB": sha256(weight.SCB)}
    state = weight.quant_state
    described = {"shape": list(state.shape), "packed": sha256(weight.data), "absmax": sha256(state.absmax)}
    if state.nested:
        described["nested_absmax"] = sha256(state.state2.absmax)
        described["offset"] = state.offset.item()
    return described


def dequantized_weight(module) -> torch.Tensor:
    """float32 [out, in]."""
    if isinstance(module, bitsandbytes.nn.Linear8bitLt):
        return F.int8_vectorwise_dequant(module.weight.CB, module.weight.SCB)
    return dequantize_float32(module.weight.data, module.weight.quant_state)


def dequantized_linear(module) -> torch.nn.Linear:
    weight = dequantized_weight(module)
    linear = torch.nn.Linear(weight.shape[1], weight.shape[0], module.bias is not None)
    linear.weight = torch.nn.Parameter(weight, requires_grad=False)
    if module.bias is not None:
        linear.bias = torch.nn.Parameter(module.bias.data.float().clone(), requires_grad=False)
    return linear


def replace_by_dequantized(model) -> None:
    """bitsandbytes' layers become float32 nn.Linear of the weights that they stand for."""
    for path, module in quantized_modules(model).items():
        model.set_submodule(path, dequantized_linear(module))


def unquantized_weight(model, path: str) -> torch.Tensor:
    """[out, in]: Conv1D keeps [in, out]."""
    module = model.get_submodule(path)
    return module.weight.data.T.contiguous() if isinstance(module, Conv1D) else module.weight.data


def check_dequantized(module, weight: torch.Tensor) -> None:
    """Each weight is no further from its own than half the widest gap of its code times its block's absmax."""
    error = (dequantized_weight(module) - weight).abs()
    if isinstance(module, bitsandbytes.nn.Linear8bitLt):
        # Half a step, and the weight's rounding to float16 before.
        assert (error <= weight.abs().amax(1, keepdim=True) * (1 / 254 + 2**-10)).all()
        return
    state = module.weight.quant_state
    absmax = absmax_of(state).repeat_interleave(state.blocksize)[: weight.numel()].view_as(weight)
    assert (error <= absmax * (1 / 6 + 0.02)).all()


def outlier_columns(model) -> dict[str, int]:
    """After a forward: how many columns each int8 layer computed in float."""
    counts = {path: module.state.idx for path, module in quantized_modules(model).items()}
    return {path: 0 if idx is None else len(idx) for path, idx in counts.items()}


def make_quantized(name: str, out: Path, plain: torch.Tensor) -> None:
    folder = out / "models" / name
    inputs = model_inputs(name)
    reference = load(name, folder, dtype=torch.float32)
    tensors, formats = {}, {}
    for format_name, chosen in FORMATS.items():
        options = {"dtype": torch.float32, "quantization_config": quantization_config(format_name)}
        model = load(name, folder, **options)
        modules = quantized_modules(model)
        described = {}
        for path, module in modules.items():
            weight = unquantized_weight(reference, path)
            check_dequantized(module, weight)
            described[path] = describe_module(module)
            if "offset" in described[path]:
                described[path]["offset_is_rounded_mean"] = offset_is_rounded_mean(weight, module.weight.quant_state)
        oracle = load(name, folder, **options)
        replace_by_dequantized(oracle)
        oracle_logits = logits_of(oracle, inputs)
        own = logits_of(model, inputs)
        assert own.dtype == torch.float32
        distance = relative_distance(own, oracle_logits)
        result = {**chosen, "own_to_oracle": float(f"{distance:.3g}")}
        if chosen["quant_type"] == "llm_int8":
            result["outlier_columns"] = outlier_columns(model)
            assert any(result["outlier_columns"].values()) == (chosen["llm_int8_threshold"] > 0)
            # Without a threshold the features above 6 take most of the int8 range.
            bound = 0.1 if chosen["llm_int8_threshold"] else 0.5
            assert distance < bound, f"{name} {format_name}: {distance}"
        else:
            assert distance < 1e-5, f"{name} {format_name}: {distance}"
        result["oracle_to_unquantized"] = float(f"{relative_distance(oracle_logits, plain):.3g}")
        assert 1e-4 < result["oracle_to_unquantized"] < 2, result
        formats[format_name] = {**result, "modules": described}
        tensors[f"{format_name}.logits"] = own
        tensors[f"{format_name}.logits_oracle"] = oracle_logits
    assert torch.equal(tensors["llm_int8.logits_oracle"], tensors.pop("llm_int8_0.logits_oracle"))
    not_quantized = [
        path
        for path, module in reference.named_modules()
        if isinstance(module, torch.nn.Linear | Conv1D) and path not in modules
    ]
    write_golden(
        folder / "quantized",
        {**ints(inputs), **tensors},
        {
            "what": f"{name} quantized by bitsandbytes through transformers' BitsAndBytesConfig, computed in float32",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {
                "tensors": {
                    "FORMAT.logits": "F32, bitsandbytes' own: compute dtype float32, llm_int8 with its quantized activations",
                    "FORMAT.logits_oracle": "F32, its dequantized weights as float32 nn.Linear, activations never quantized; llm_int8_0 has llm_int8's",
                },
                "modules": "every module that was replaced, in order; shape is [out, in]; hex SHA-256 of the bytes of packed or CB, absmax (U8 if nested) and nested_absmax, or SCB; offset as a float32 value",
                "offset_is_rounded_mean": "whether offset is also the float64 mean of absmax, rounded once; it always is the float32 mean in torch's order (mean_as_torch in tools/make_golden_base.py)",
                "outlier_columns": "columns that each layer computed in float, over all positions",
                "distances": "largest difference over largest logit",
            },
            "linear_modules_not_quantized": not_quantized,
            "formats": formats,
        },
    )


def make_modules(name: str, out: Path) -> None:
    """What bitsandbytes replaces in a small model, and the bytes that it makes of it."""
    folder = out / "models" / name
    formats = {}
    for format_name in ("nf4", "llm_int8"):
        options = {"dtype": torch.float32, "quantization_config": quantization_config(format_name)}
        model = load(name, folder, **options)
        modules = quantized_modules(model)
        formats[format_name] = {
            **FORMATS[format_name],
            "memory_footprint": model.get_memory_footprint(),
            "modules": {path: describe_module(module) for path, module in modules.items()},
        }
    write_json(
        folder / "modules",
        {
            "what": f"the modules of {name} that transformers' BitsAndBytesConfig replaces, in order",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {
                "modules": "shape is [out, in]; hex SHA-256 of the bytes of packed and absmax, or CB and SCB",
                "memory_footprint": "bytes by get_memory_footprint: of the model in float32, and with its Linear layers in a format",
            },
            "memory_footprint": load(name, folder, dtype=torch.float32).get_memory_footprint(),
            "formats": formats,
        },
    )


# ---------------------------------------------------------------------------------------------
# Checkpoints


def in_float32(model):
    """The tensors that are not quantized cast in place."""
    for parameter in model.parameters():
        if parameter.is_floating_point():
            parameter.data = parameter.data.float()
    return model


def make_checkpoint(name: str, format_name: str, out: Path) -> None:
    folder = out / "checkpoints" / f"{name}-{format_name.replace('_', '-')}"
    options = {"quantization_config": quantization_config(format_name)}
    model = load(name, out / "models" / name, **options)
    described = {path: describe_module(module) for path, module in quantized_modules(model).items()}
    save(model, folder)
    inputs = model_inputs(name)
    back = load(name, folder, dtype=torch.float32)
    # Asked for float32, transformers keeps the dtype of a quantized checkpoint's other tensors.
    assert {p.dtype for p in back.parameters()} - {torch.uint8, torch.int8} == {MODELS[name][1]}
    back = load(name, folder)
    logits = logits_of(back, inputs)
    assert torch.equal(logits, logits_of(load(name, out / "models" / name, **options), inputs))
    logits_32 = logits_of(in_float32(back), inputs)
    whole = load(name, out / "models" / name, dtype=torch.float32, **options)
    assert torch.equal(logits_32, logits_of(whole, inputs))
    write_golden(
        folder / "logits",
        {**ints(inputs), "logits": logits.float(), "logits_float32": logits_32},
        {
            "what": f"logits of this checkpoint ({name}, {format_name}), loaded back by from_pretrained",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {
                "base": f"models/{name}",
                **FORMATS[format_name],
                "bnb_4bit_compute_dtype": "float32",
                "tensors": {
                    "logits": f"F32 of {str(logits.dtype).removeprefix('torch.')}: dtype as config.json says, from_pretrained's default",
                    "logits_float32": "F32: the same after every tensor that is not quantized was cast to float32, so that the whole computation is float32",
                },
            },
            "default_to_float32": float(f"{relative_distance(logits, logits_32):.3g}"),
            "modules": described,
        },
    )


# ---------------------------------------------------------------------------------------------
# LoRA adapters

ADAPTERS = {
    "llama-lora": ("llama", peft.LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"])),
    "llama-rslora": (
        "llama",
        peft.LoraConfig(r=4, lora_alpha=8, use_rslora=True, target_modules=["k_proj", "o_proj", "up_proj"]),
    ),
    "gpt2-lora": (
        "gpt2",
        peft.LoraConfig(r=4, lora_alpha=8, fan_in_fan_out=True, target_modules=["c_attn", "mlp.c_proj"]),
    ),
}


def make_adapter(adapter: str, out: Path) -> None:
    name, config = ADAPTERS[adapter]
    config.task_type = peft.TaskType.CAUSAL_LM
    folder, base = out / "adapters" / adapter, out / "models" / name
    inputs = model_inputs(name)
    model = peft.get_peft_model(load(name, base, dtype=torch.float32), config)
    for path, parameter in model.named_parameters():
        if "lora_" in path:
            scale = 1 / parameter.shape[1] ** 0.5 if "lora_A" in path else 0.1
            parameter.data.copy_(scale * normal(SEED, f"{adapter} {path}", *parameter.shape))
    targets = [path for path, module in model.base_model.model.named_modules() if hasattr(module, "lora_A")]
    save(model, folder)

    plain = load(name, base, dtype=torch.float32)
    logits = logits_of(peft.PeftModel.from_pretrained(plain, folder).eval(), inputs)
    # The merged model is a second way to the same numbers.
    merged = peft.PeftModel.from_pretrained(load(name, base, dtype=torch.float32), folder).merge_and_unload()
    assert relative_distance(logits, logits_of(merged, inputs)) < 1e-5
    difference = relative_distance(logits, logits_of(load(name, base, dtype=torch.float32), inputs))
    assert 0.01 < difference < 1, difference

    options = {"dtype": torch.float32, "quantization_config": quantization_config("nf4")}
    oracle = load(name, base, **options)
    replace_by_dequantized(oracle)
    oracle_logits = logits_of(peft.PeftModel.from_pretrained(without_quantizer(oracle), folder).eval(), inputs)
    own = logits_of(peft.PeftModel.from_pretrained(load(name, base, **options), folder).eval(), inputs)
    distance = relative_distance(own, oracle_logits)
    assert distance < 1e-5, distance
    write_golden(
        folder / "logits",
        {**ints(inputs), "logits": logits, "nf4.logits_oracle": oracle_logits, "nf4.logits": own},
        {
            "what": f"logits of {name} with this adapter, by peft in float32",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {
                "base": f"models/{name}",
                "r": config.r,
                "lora_alpha": config.lora_alpha,
                "use_rslora": config.use_rslora,
                "scaling": "lora_alpha / sqrt(r)" if config.use_rslora else "lora_alpha / r",
                "targets": targets,
                "tensors": {
                    "logits": "F32: the base unquantized, out = W x + bias + scaling B (A x)",
                    "nf4.logits_oracle": "F32: the same over dequantized NF4 weights (blocksize 64, no double quantization) as float32 nn.Linear",
                    "nf4.logits": "F32: the same over bitsandbytes' Linear4bit, compute dtype float32",
                },
            },
            "distances": {
                "adapter_to_base": float(f"{difference:.3g}"),
                "nf4_own_to_oracle": float(f"{distance:.3g}"),
                "nf4_oracle_to_unquantized": float(f"{relative_distance(oracle_logits, logits):.3g}"),
            },
        },
    )


def without_quantizer(model):
    """peft must see plain layers: transformers left marks of the quantization that is undone."""
    for mark in ("hf_quantizer", "quantization_method", "is_loaded_in_4bit", "is_quantized"):
        if mark in vars(model):
            delattr(model, mark)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    return model


# ---------------------------------------------------------------------------------------------

CHECKPOINTS = [
    ("llama", "nf4"),
    ("llama", "fp4"),
    ("llama", "nf4_dq"),
    ("llama", "llm_int8"),
    ("gpt2", "nf4"),
]


def make_small(names, out: Path) -> None:
    for name in names:
        shutil.rmtree(out / "models" / name, ignore_errors=True)
        make_model(name, out)
        make_logits(name, out)
        make_modules(name, out)
        print(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=SMALL)
    arguments = parser.parse_args()
    check_known_hashes()
    disable_progress_bar()
    # Both are about names and flags, not about numbers.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
    warnings.filterwarnings("ignore", message="fan_in_fan_out is set to True")
    arguments.out.mkdir(parents=True, exist_ok=True)
    # transformers and peft write the base's path into files: a relative one says nothing of this machine.
    os.chdir(arguments.out)
    out = Path()
    if arguments.only:
        make_small(arguments.only, out)
        return
    for folder in ("models", "checkpoints", "adapters"):
        shutil.rmtree(folder, ignore_errors=True)
    for name in MODELS:
        make_model(name, out)
        plain = make_logits(name, out)
        make_quantized(name, out, plain)
        print(name)
    make_small(SMALL, out)
    for name, format_name in CHECKPOINTS:
        make_checkpoint(name, format_name, out)
        print(name, format_name)
    for adapter in ADAPTERS:
        make_adapter(adapter, out)
        print(adapter)


if __name__ == "__main__":
    main()
