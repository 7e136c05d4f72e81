"""Writes a Llama of random weights in several shards, as transformers saves it, to try downloads and memory with.

    pip install -r tools/requirements-models.txt
    python tools/make_big_checkpoint.py OUT [--layers 32] [--vocab 1280] [--shard 400MB]

With 32 layers it has 1.07 GB in bfloat16, and the tokenizer of nibble-tiny; with --layers 2 --vocab 250000 as many, and
answers soon on a software adapter. The same seed gives the same weights.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

TINY = Path(__file__).parent.parent / "public" / "models" / "nibble-tiny"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--vocab", type=int)
    parser.add_argument("--shard", default="400MB")
    args = parser.parse_args()
    tiny = json.loads((TINY / "config.json").read_text())
    torch.manual_seed(7)
    torch.set_default_dtype(torch.bfloat16)
    config = LlamaConfig(
        vocab_size=args.vocab or tiny["vocab_size"],
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=args.layers,
        num_attention_heads=16,
        num_key_value_heads=16,
        max_position_embeddings=2048,
        tie_word_embeddings=False,
        bos_token_id=tiny.get("bos_token_id"),
        eos_token_id=tiny.get("eos_token_id"),
        dtype="bfloat16",
    )
    LlamaForCausalLM(config).save_pretrained(args.out, max_shard_size=args.shard)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TINY / name, args.out / name)


main()
