"""Writes gguf/: small models as llama.cpp's own converter writes them, and one with layers of every type of block.

    pip install -r tools/requirements-golden.txt -r tools/requirements-gguf.txt
    git clone https://github.com/ggml-org/llama.cpp
    python tools/make_golden_gguf.py LLAMA_CPP test/golden [--only NAME ...]

NAME.gguf is test/golden/models/NAME, converted; the logits beside that model hold for it, too, or those of
NAME.safetensors where the file does not say all of the model's config.json. Those models have no
tokenizer, so a made-up vocabulary is written. `nibble-tiny.gguf` is the bundled model in Q8_0, `pieces.gguf` a
vocabulary of SentencePiece that is trained here, and pieces.json has ids of texts by transformers. `types.gguf` has layers of
random codes; types.safetensors the logits of a float64 pass by transformers of what gguf-py dequantizes.
"""

import argparse
import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

# llama.cpp's converter goes with the gguf-py beside it.
sys.path[:0] = [sys.argv[1], f"{sys.argv[1]}/gguf-py"]

import gguf
import numpy as np
import sentencepiece
import torch
from gguf import GGMLQuantizationType as Type
from gguf.quants import dequantize, quantize
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

SEED = 20263
ROOT = Path(__file__).parent.parent
MODELS = ["llama", "qwen2-dynamic", "qwen3-window", "gemma", "gemma2", "gemma3", "phi3", "phi3.5", "gpt2", "starcoder2", "stablelm", "olmo2"]
TEXTS = [
    "The quick brown fox doesn't jump over 12345 lazy dogs.",
    "  two spaces\n\nand\ttabs, l'été déjà vu: naïve café 東京 🙂",
    "I'LL We've 'tis x=1;\r\ny += 0x1F",
    "a",
    " ",
    "",
]


def plain_vocab(model) -> None:
    """A vocabulary of single characters, as many as the embedding has rows."""
    writer, size = model.gguf_writer, model.hparams["vocab_size"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    tokens = [chr(0x100 + i) for i in range(size)]
    tokens[-1] = tokens[2] + tokens[3]
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * size)
    writer.add_token_merges([f"{tokens[2]} {tokens[3]}"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)


def convert(folder: Path, out: Path, vocab: str = "plain", outtype: str = "bf16", vocab_only: bool = False) -> None:
    from conversion import get_model_class
    from conversion.base import ModelBase, ModelType, get_model_architecture

    hparams = ModelBase.load_hparams(folder, False)
    base = get_model_class(get_model_architecture(hparams, ModelType.TEXT))
    changes = {"model_arch": base.model_arch}
    if vocab == "plain":
        changes["set_vocab"] = plain_vocab
    elif vocab != "own":
        # The name of the words is told by a hash of a published tokenizer's ids; this one is not published.
        changes["get_vocab_base_pre"] = lambda self, tokenizer: vocab
    model = type(base.__name__, (base,), changes)
    ftype = {"bf16": gguf.LlamaFileType.MOSTLY_BF16, "f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}[outtype]
    with torch.inference_mode():
        instance = model(folder, ftype, out)
        instance.write_vocab() if vocab_only else instance.write()


# What a file of these architectures does not say: it is computed as it stands here, whatever the model says.
CHANGES = {
    "gemma2": {"query_pre_attn_scalar": 12},
    "gemma3": {"query_pre_attn_scalar": 12, "layer_types": ["sliding_attention"] * 2},
    "starcoder2": {"sliding_window": None},
    "qwen3-window": {"use_sliding_window": False, "layer_types": ["full_attention"] * 2},
    # The converter reads the length under the name that transformers no longer writes.
    "gpt2": {"n_ctx": 48, "dtype": "bfloat16"},
}


def write_model(name: str, out: Path) -> None:
    source = out / "models" / name
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        config = {**json.loads((source / "config.json").read_text()), **CHANGES.get(name, {})}
        (folder / "config.json").write_text(json.dumps(config))
        tensors = load_file(source / "model.safetensors")
        # In bfloat16, so that a file half as large holds the same numbers.
        save_file({key: tensor.bfloat16() for key, tensor in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
        if name in CHANGES:
            write_logits(name, folder, out)
        # Gemma 3's class counts its tokens here.
        vocab = {str(i): i for i in range(config["vocab_size"])}
        (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocab}, "added_tokens": []}))
        convert(folder, out / "gguf" / f"{name}.gguf")


def write_logits(name: str, folder: Path, out: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").double()
    ids = load_file(out / "models" / name / "logits.safetensors")["input_ids"]
    with torch.inference_mode():
        logits = model(ids[None].long()).logits[0]
    save_file({"input_ids": ids, "logits_float64": logits.contiguous()}, out / f"gguf/{name}.safetensors")


def write_nibble(out: Path) -> None:
    convert(ROOT / "public/models/nibble-tiny", out / "gguf/nibble-tiny.gguf", "gpt-2", "q8_0")


def write_pieces(out: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpus = folder / "corpus.txt"
        lines = [json.loads(line) for line in (ROOT / "public/tasks/mini_text.jsonl").read_text().splitlines()]
        corpus.write_text("\n".join(str(value) for line in lines for value in line.values()) + "\n" + "\n".join(TEXTS))
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus), model_prefix=str(folder / "tokenizer"), vocab_size=400, model_type="bpe", byte_fallback=True,
            character_coverage=0.99, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2,
            allow_whitespace_only_pieces=True, split_digits=True,
        )
        LlamaConfig(vocab_size=400, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, architectures=["LlamaForCausalLM"]).save_pretrained(folder)
        convert(folder, out / "gguf/pieces.gguf", "own", vocab_only=True)
        processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
        cases = [{"text": text, "ids": [processor.bos_id(), *processor.encode(text)]} for text in TEXTS]
        write_json(out / "gguf/pieces.json", {"texts": cases})


def write_json(path: Path, value: dict) -> None:
    versions = {name: version(name) for name in ["gguf", "transformers", "torch", "sentencepiece"]}
    path.write_text(json.dumps({"by": "tools/make_golden_gguf.py", "versions": versions, **value}, indent=1, ensure_ascii=False) + "\n")


def random_blocks(random: np.random.Generator, kind: Type, rows: int, columns: int) -> np.ndarray:
    """Random codes and small finite scales, for types that gguf-py does not quantize to."""
    weights, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (rows * columns // weights, size), dtype=np.uint8)
    scale = lambda n: (random.uniform(0.5, 1.5, (len(blocks), n)) * SCALES[kind]).astype(np.float16).view(np.uint8)
    for at, count in HALVES[kind]:
        blocks[:, at : at + 2 * count] = scale(count)
    if kind is Type.MXFP4:
        blocks[:, 0] = random.integers(118, 124, len(blocks))
    return blocks.reshape(rows, -1)


# Where a block has float16s, and how large they are for weights of some tenths.
HALVES = {Type.Q4_K: [(0, 2)], Type.Q5_K: [(0, 2)], Type.Q6_K: [(208, 1)], Type.IQ4_NL: [(0, 1)], Type.IQ4_XS: [(0, 1)], Type.MXFP4: []}
SCALES = {Type.Q4_K: 1e-4, Type.Q5_K: 5e-5, Type.Q6_K: 5e-5, Type.IQ4_NL: 1e-3, Type.IQ4_XS: 1e-4, Type.MXFP4: 1}


def write_types(out: Path) -> None:
    random = np.random.default_rng(SEED)
    config = LlamaConfig(
        vocab_size=64, hidden_size=256, intermediate_size=256, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=32,
        max_position_embeddings=64, tie_word_embeddings=True, bos_token_id=0, eos_token_id=1, rms_norm_eps=1e-5,
    )
    model = LlamaForCausalLM(config).double()
    writer = gguf.GGUFWriter(out / "gguf/types.gguf", "llama")
    for key, value in {
        "block_count": 2, "context_length": 64, "embedding_length": 256, "feed_forward_length": 256, "head_count": 2, "head_count_kv": 1, "key_length": 32, "value_length": 32,
    }.items():
        getattr(writer, f"add_{key}")(value)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(32)
    writer.add_vocab_size(64)
    plain_vocab(type("Vocab", (), {"gguf_writer": writer, "hparams": {"vocab_size": 64}}))
    kinds = {
        "blk.0.attn_q": Type.Q4_0, "blk.0.attn_k": Type.Q4_1, "blk.0.attn_v": Type.Q8_0, "blk.0.attn_output": Type.IQ4_NL,
        "blk.0.ffn_gate": Type.Q4_K, "blk.0.ffn_up": Type.Q5_K, "blk.0.ffn_down": Type.Q6_K,
        "blk.1.attn_q": Type.Q6_K, "blk.1.attn_k": Type.F16, "blk.1.attn_v": Type.Q5_1, "blk.1.attn_output": Type.Q5_0,
        "blk.1.ffn_gate": Type.MXFP4, "blk.1.ffn_up": Type.IQ4_XS, "blk.1.ffn_down": Type.BF16,
        "token_embd": Type.Q6_K,
    }
    ours = {
        "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
        "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    }

    def put(name: str, weight: torch.Tensor) -> None:
        module, layer = (name.split(".")[2], name.split(".")[1]) if name.startswith("blk.") else (name, None)
        if layer is None:
            target = model.model.embed_tokens if module == "token_embd" else model.model.norm
        else:
            target = model.model.layers[int(layer)].get_submodule(ours[module])
        if module in ("attn_q", "attn_k"):
            # As llama.cpp has the rows: pairs of the two halves of a head.
            weight = weight.reshape(-1, 16, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)
        target.weight.data = weight.double()

    for name, kind in kinds.items():
        rows = 64 if name.endswith(("token_embd", "attn_q")) else 32 if name.endswith(("attn_k", "attn_v")) else 256
        columns = 64 if name.endswith("attn_output") else 256
        if kind in HALVES:
            stored = random_blocks(random, kind, rows, columns)
        else:
            stored = quantize((random.standard_normal((rows, columns)) * 0.05).astype(np.float32), kind)
        writer.add_tensor(f"{name}.weight", stored, raw_dtype=kind)
        put(name, torch.from_numpy(dequantize(stored, kind).copy()))
    for name in ["output_norm", *(f"blk.{layer}.{norm}" for layer in range(2) for norm in ["attn_norm", "ffn_norm"])]:
        weight = (1 + 0.25 * random.standard_normal(256)).astype(np.float32)
        writer.add_tensor(f"{name}.weight", weight)
        put(name, torch.from_numpy(weight))
    model.tie_weights()
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ids = torch.from_numpy(random.integers(0, 64, 24))
    with torch.inference_mode():
        logits = model(ids[None]).logits[0]
    save_file({"input_ids": ids.int(), "logits_float64": logits.contiguous()}, out / "gguf/types.safetensors")
    write_json(out / "gguf/types.json", {"types": {name: kind.name for name, kind in kinds.items()}})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("llama_cpp", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--convert", nargs=2, metavar=("FOLDER", "FILE"), help="convert any folder instead")
    parser.add_argument("--vocab", default="own")
    parser.add_argument("--outtype", default="f16")
    args = parser.parse_args()
    if args.convert:
        return convert(Path(args.convert[0]), Path(args.convert[1]), args.vocab, args.outtype)
    (args.out / "gguf").mkdir(exist_ok=True)
    for name in MODELS:
        if not args.only or name in args.only:
            write_model(name, args.out)
    for name, write in {"nibble-tiny": write_nibble, "pieces": write_pieces, "types": write_types}.items():
        if not args.only or name in args.only:
            write(args.out)


if __name__ == "__main__":
    main()
