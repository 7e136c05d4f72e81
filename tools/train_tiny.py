"""Train nibble-tiny: a byte-level BPE tokenizer and a small Llama that knows and reads an invented world.

    python train_tiny.py --data DIR --tasks ../public/tasks --out ../public/models/nibble-tiny

The model is plain PyTorch whose state-dict names are those of transformers' LlamaForCausalLM.
Weights stay in float32 while training (matrix products run in BF16) and are rounded to BF16 once,
at export.
"""

import argparse
import dataclasses
import hashlib
import json
import math
import platform
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn

END = "<|endoftext|>"
END_ID = 0
IGNORE = -100


@dataclass(frozen=True)
class Shape:
    """The size of the model."""

    vocab: int = 1280
    hidden: int = 64
    layers: int = 4
    heads: int = 2
    kv_heads: int = 1
    head_dim: int = 32
    mlp: int = 192
    rope_theta: float = 10000.0
    norm_eps: float = 1e-5
    positions: int = 512


@dataclass(frozen=True)
class Recipe:
    """How the model is trained."""

    seed: int = 1
    minutes: float = 60.0
    steps: int = 15000
    # where to stop before the last step, with a learning rate that has not fallen to zero: 0 for nowhere
    stop: int = 0
    rows: int = 12
    row_tokens: int = 208
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    decay_fraction: float = 0.4
    weight_decay: float = 0.1
    answer_weight: float = 5.0
    story_weight: float = 0.2


POOLS = ("questions", "pages", "scenes", "retellings", "tales", "games")

# Shares of the training tokens per kind of document, each up to a fraction of the way. Heads that copy form in
# games and retellings; reading a story needs them. Facts are learned last, because they are learned fast.
STAGES = (
    (0.15, {"questions": 0.0, "pages": 0.0, "scenes": 0.35, "retellings": 0.25, "tales": 0.0, "games": 0.4}),
    (0.5, {"questions": 0.08, "pages": 0.05, "scenes": 0.6, "retellings": 0.12, "tales": 0.03, "games": 0.12}),
    (1.0, {"questions": 0.3, "pages": 0.14, "scenes": 0.4, "retellings": 0.04, "tales": 0.07, "games": 0.05}),
)

# Where a model that reads already goes on with a larger world: mostly facts, and enough of the rest to keep it.
LARGER_WORLD = ((1.0, {"questions": 0.6, "pages": 0.15, "scenes": 0.17, "retellings": 0.02, "tales": 0.04, "games": 0.02}),)


# ---------------------------------------------------------------------------------------------
# Tokenizer
# ---------------------------------------------------------------------------------------------


def read_jsonl(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def train_tokenizer(texts: Iterator[str], vocab: int) -> Tokenizer:
    """Byte-level BPE whose only special token is the document separator, id 0, never added by encode."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


# ---------------------------------------------------------------------------------------------
# Documents
# ---------------------------------------------------------------------------------------------


class Pool:
    """All documents of one kind that fit a row as token arrays, handed out in endless shuffled epochs.

    tokens: int16 [total]; weights: float32 [total]; document i is starts[i]:starts[i + 1], separator included.
    """

    def __init__(self, documents: list[dict], tokenizer: Tokenizer, recipe: Recipe, sees_start: float, seed: int):
        self.sees_start = sees_start
        self.rng = random.Random(seed)
        tokens, weights, starts = [], [], [0]
        for batch in range(0, len(documents), 4096):
            part = documents[batch : batch + 4096]
            for document, coded in zip(part, tokenizer.encode_batch([d["text"] for d in part])):
                if len(coded.ids) > recipe.row_tokens - 2:
                    continue
                tokens.append(np.array(coded.ids + [END_ID], np.int16))
                weights.append(token_weights(document, coded.offsets, recipe))
                starts.append(starts[-1] + len(tokens[-1]))
        self.tokens, self.weights, self.starts = np.concatenate(tokens), np.concatenate(weights), starts
        self.order = self.shuffled()

    def shuffled(self) -> Iterator[int]:
        while True:
            order = list(range(len(self.starts) - 1))
            self.rng.shuffle(order)
            yield from order

    def next(self) -> tuple[np.ndarray, np.ndarray]:
        """The next document; it starts with the separator in a share sees_start of the draws."""
        index = next(self.order)
        span = slice(self.starts[index], self.starts[index + 1])
        tokens, weights = self.tokens[span], self.weights[span]
        if self.rng.random() < self.sees_start:
            tokens, weights = np.insert(tokens, 0, END_ID), np.insert(weights, 0, 0)
        return tokens, weights


def token_weights(document: dict, offsets: list[tuple[int, int]], recipe: Recipe) -> np.ndarray:
    """Loss weight per token [n + 1]: answers, and the separator after a last answer, count more."""
    plain = recipe.story_weight if document["answers"] else 1.0
    weights = np.full(len(offsets) + 1, plain, np.float32)
    for start, end in document["answers"]:
        for i, (a, b) in enumerate(offsets):
            if a >= start and b <= end:
                weights[i] = recipe.answer_weight
    weights[-1] = weights[-2]
    return weights


class Packer:
    """Fills rows with whole documents; a document never attends to another one in its row."""

    def __init__(self, pools: dict[str, Pool], recipe: Recipe, stages: tuple):
        self.pools, self.recipe, self.stages = pools, recipe, stages
        self.shares, self.spent = stages[0][1], dict.fromkeys(POOLS, 0.0)
        self.held: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def follow(self, progress: float) -> None:
        """Use the shares of the stage that progress 0..1 is in."""
        shares = next(shares for end, shares in self.stages if progress < end)
        if shares is not self.shares:
            self.shares, self.spent = shares, dict.fromkeys(POOLS, 0.0)

    def row(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """inputs, targets, weights, document numbers, each [row_tokens]."""
        size = self.recipe.row_tokens
        inputs, targets = np.full(size, END_ID, np.int64), np.full(size, IGNORE, np.int64)
        weights, numbers = np.zeros(size, np.float32), np.full(size, -1, np.int64)
        used, number = 0, 0
        # the kind that is furthest behind its share goes first; what does not fit waits for the next row
        names = sorted((n for n in POOLS if self.shares[n] > 0), key=lambda n: self.spent[n] / self.shares[n])
        while names:
            name = min(names, key=lambda n: self.spent[n] / self.shares[n])
            tokens, weight = self.held.pop(name, None) or self.pools[name].next()
            length = len(tokens) - 1
            if used + length > size:
                self.held[name] = (tokens, weight)
                names.remove(name)
                continue
            span = slice(used, used + length)
            inputs[span], targets[span], weights[span], numbers[span] = tokens[:-1], tokens[1:], weight[1:], number
            self.spent[name] += length
            used, number = used + length, number + 1
        return inputs, targets, weights, numbers

    def batch(self) -> tuple[torch.Tensor, ...]:
        return tuple(torch.from_numpy(np.stack(column)) for column in zip(*(self.row() for _ in range(self.recipe.rows))))


# ---------------------------------------------------------------------------------------------
# Model
# ---------------------------------------------------------------------------------------------


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.float()
        return self.weight * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary position embedding, halves paired as Llama pairs them. x [B, H, T, D]; cos, sin [T, D / 2]."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Attention(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.shape = s
        self.q_proj = nn.Linear(s.hidden, s.heads * s.head_dim, bias=False)
        self.k_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=False)
        self.v_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=False)
        self.o_proj = nn.Linear(s.heads * s.head_dim, s.hidden, bias=False)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        s, (rows, length, _) = self.shape, x.shape
        group = s.heads // s.kv_heads

        def split(y: torch.Tensor, heads: int) -> torch.Tensor:
            return y.view(rows, length, heads, s.head_dim).transpose(1, 2)

        q = rotate(split(self.q_proj(x), s.heads), cos, sin) * s.head_dim**-0.5
        k = rotate(split(self.k_proj(x), s.kv_heads), cos, sin)
        v = split(self.v_proj(x), s.kv_heads)
        # heads that share keys are stacked along time; written out, because a masked fused kernel is slower here
        q = q.reshape(rows, s.kv_heads, group * length, s.head_dim)
        scores = (q @ k.transpose(-1, -2)).view(rows, s.kv_heads, group, length, length)
        shares = scores.float().masked_fill(~mask[:, :, None], -torch.inf).softmax(-1).to(v.dtype)
        y = shares.view(rows, s.kv_heads, group * length, length) @ v
        y = y.view(rows, s.heads, length, s.head_dim)
        return self.o_proj(y.transpose(1, 2).reshape(rows, length, -1))


class MLP(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.gate_proj = nn.Linear(s.hidden, s.mlp, bias=False)
        self.up_proj = nn.Linear(s.hidden, s.mlp, bias=False)
        self.down_proj = nn.Linear(s.mlp, s.hidden, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.self_attn, self.mlp = Attention(s), MLP(s)
        self.input_layernorm = RMSNorm(s.hidden, s.norm_eps)
        self.post_attention_layernorm = RMSNorm(s.hidden, s.norm_eps)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.embed_tokens = nn.Embedding(s.vocab, s.hidden)
        self.layers = nn.ModuleList(Block(s) for _ in range(s.layers))
        self.norm = RMSNorm(s.hidden, s.norm_eps)


class TinyLlama(nn.Module):
    """A Llama with grouped-query attention and tied embeddings."""

    def __init__(self, s: Shape):
        super().__init__()
        self.model = Body(s)
        angles = torch.outer(
            torch.arange(s.positions).float(),
            s.rope_theta ** -(torch.arange(0, s.head_dim, 2).float() / s.head_dim),
        )
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, tokens: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Logits [B, T, vocab]; a token sees itself and the earlier tokens of its own document number."""
        length = tokens.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool).tril()
        mask = ((numbers[:, :, None] == numbers[:, None, :]) & causal)[:, None]
        x = self.model.embed_tokens(tokens)
        for block in self.model.layers:
            x = block(x, self.cos[:length], self.sin[:length], mask)
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)


def initialise(model: TinyLlama) -> None:
    """Small random weights; each block starts as the identity, because its output projections are zero."""
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            continue
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            nn.init.zeros_(weight)
        elif "embed" in name:
            nn.init.normal_(weight, std=0.08)
        else:
            nn.init.normal_(weight, std=weight.shape[1] ** -0.5)


# ---------------------------------------------------------------------------------------------
# Training
# ---------------------------------------------------------------------------------------------


def weighted_loss(model: nn.Module, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Cross-entropy in nats, averaged with the token weights."""
    inputs, targets, weights, numbers = batch
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(inputs, numbers)
    losses = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORE, reduction="none")
    return (losses * weights.flatten()).sum() / weights.sum()


@torch.no_grad()
def answers_right(model: nn.Module, documents: list[dict], tokenizer: Tokenizer) -> float:
    """Share of the marked answers whose every token is the model's first choice, given the true text before it."""
    right = total = 0
    for document in documents:
        coded = tokenizer.encode(document["text"])
        tokens = torch.tensor([coded.ids])
        best = model(tokens, torch.zeros_like(tokens))[0].argmax(-1)
        for start, end in document["answers"]:
            inside = [i for i, (a, b) in enumerate(coded.offsets) if a >= start and b <= end]
            right += all(best[i - 1] == coded.ids[i] for i in inside)
            total += 1
    return right / total


def held_out_documents(tasks: Path, arc: int = 300, coqa: int = 60) -> dict[str, list[dict]]:
    """A few task items in training layout, to watch progress only."""
    questions = []
    for item in read_jsonl(tasks / "mini_arc.jsonl")[:arc]:
        gold = item["choices"]["text"][item["choices"]["label"].index(item["answerKey"])]
        prompt = f"Question: {item['question']}\nAnswer:"
        questions.append({"text": f"{prompt} {gold}", "answers": [[len(prompt), len(prompt) + 1 + len(gold)]]})
    scenes = []
    for record in json.loads((tasks / "mini_coqa.json").read_text(encoding="utf-8"))["data"][:coqa]:
        text, spans = record["story"] + "\n\n", []
        for index, (question, answer) in enumerate(zip(record["questions"], record["answers"])):
            text += ("\n\n" if index else "") + f"Q: {question['input_text']}\n\nA:"
            spans.append([len(text), len(text) + 1 + len(answer["input_text"])])
            text += " " + answer["input_text"]
        scenes.append({"text": text, "answers": spans})
    return {"questions": questions, "scenes": scenes}


def rate(progress: float, step: int, recipe: Recipe) -> float:
    """Learning rate at progress 0..1: a short warm-up, flat, then a straight line to zero."""
    warm = min(1.0, (step + 1) / recipe.warmup_steps)
    return recipe.learning_rate * warm * min(1.0, (1 - progress) / recipe.decay_fraction)


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW; the gains of the norms do not decay."""
    matrices = [w for w in model.parameters() if w.dim() > 1]
    gains = [w for w in model.parameters() if w.dim() == 1]
    groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": gains, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True)


def train(model: TinyLlama, packer: Packer, watch: dict[str, list[dict]], tokenizer: Tokenizer, recipe: Recipe) -> dict:
    """Train for recipe.steps, or for recipe.minutes when steps is 0; returns what was spent."""
    optimizer, compiled = make_optimizer(model, recipe), torch.compile(model)
    begin, step, tokens, shown = time.monotonic(), 0, 0, 0.0
    while True:
        elapsed = time.monotonic() - begin
        progress = step / recipe.steps if recipe.steps else elapsed / (60 * recipe.minutes)
        if progress >= 1 or (recipe.stop and step >= recipe.stop):
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(progress, step, recipe)
        packer.follow(progress)
        batch = packer.batch()
        loss = weighted_loss(compiled, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step, tokens = step + 1, tokens + int((batch[1] != IGNORE).sum())
        shown = loss.item() if step == 1 else 0.98 * shown + 0.02 * loss.item()
        if step % 500 == 0:
            scores = {name: round(answers_right(model, documents, tokenizer), 3) for name, documents in watch.items()}
            seconds = time.monotonic() - begin
            print(f"step {step} loss {shown:.4f} tokens/s {tokens / seconds:.0f} minutes {seconds / 60:.1f} {scores}", flush=True)
    return {"steps": step, "tokens": tokens, "minutes": round((time.monotonic() - begin) / 60, 1), "last_loss": round(shown, 4)}


# ---------------------------------------------------------------------------------------------
# Export
# ---------------------------------------------------------------------------------------------


def config_json(s: Shape) -> dict:
    """config.json in the words of transformers' LlamaConfig."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": END_ID,
        "eos_token_id": END_ID,
        "head_dim": s.head_dim,
        "hidden_act": "silu",
        "hidden_size": s.hidden,
        "initializer_range": 0.02,
        "intermediate_size": s.mlp,
        "max_position_embeddings": s.positions,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": s.heads,
        "num_hidden_layers": s.layers,
        "num_key_value_heads": s.kv_heads,
        "pretraining_tp": 1,
        "rms_norm_eps": s.norm_eps,
        "rope_scaling": None,
        "rope_theta": s.rope_theta,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "vocab_size": s.vocab,
    }


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def export(model: TinyLlama, tokenizer: Tokenizer, s: Shape, record: dict, out: Path) -> None:
    """Write the folder that transformers' from_pretrained reads; tied embeddings are stored once."""
    out.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().to(torch.bfloat16).contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)
    write_json(out / "config.json", config_json(s))
    tokenizer.save(str(out / "tokenizer.json"))
    write_json(
        out / "tokenizer_config.json",
        {
            "add_bos_token": False,
            "add_prefix_space": False,
            "bos_token": END,
            "clean_up_tokenization_spaces": False,
            "eos_token": END,
            "model_max_length": s.positions,
            "tokenizer_class": "PreTrainedTokenizerFast",
        },
    )
    write_json(out / "training.json", record)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    import safetensors
    import tokenizers

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "tokenizers": tokenizers.__version__,
        "safetensors": safetensors.__version__,
        "numpy": np.__version__,
    }


def parse_arguments() -> argparse.Namespace:
    """Every field of Shape and Recipe is an option with its own name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that make_world.py --train wrote")
    parser.add_argument("--tasks", type=Path, required=True, help="folder that make_world.py --tasks wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--start", type=Path, help="folder of an earlier model whose tokenizer and weights are gone on from")
    for part in (Shape, Recipe):
        for f in dataclasses.fields(part):
            parser.add_argument(f"--{f.name.replace('_', '-')}", type=type(f.default), default=f.default)
    return parser.parse_args()


def pick(part: type, arguments: argparse.Namespace):
    return part(**{f.name: getattr(arguments, f.name) for f in dataclasses.fields(part)})


def main() -> None:
    arguments = parse_arguments()
    shape, recipe = pick(Shape, arguments), pick(Recipe, arguments)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(recipe.seed)

    documents = {name: read_jsonl(arguments.data / f"{name}.jsonl") for name in POOLS}
    # few scenes are enough for the merges, and leave room for the invented names
    texts = (d["text"] for name in POOLS for d in documents[name][:60_000])
    start, stages = arguments.start, LARGER_WORLD if arguments.start else STAGES
    tokenizer = Tokenizer.from_file(str(start / "tokenizer.json")) if start else train_tokenizer(texts, shape.vocab)
    pools = {
        # questions and conversations are asked without a separator in front, running text is scored with one
        name: Pool(documents[name], tokenizer, recipe, sees_start=0.3 if name not in ("pages", "tales") else 1.0, seed=recipe.seed)
        for name in POOLS
    }
    print({name: (len(pool.starts) - 1, len(pool.tokens)) for name, pool in pools.items()}, flush=True)

    model = TinyLlama(shape)
    if start:
        model.load_state_dict({name: weight.float() for name, weight in load_file(start / "model.safetensors").items()})
    else:
        initialise(model)
    print(f"{sum(w.numel() for w in model.parameters())} parameters", flush=True)
    watch = {**held_out_documents(arguments.tasks), "games": documents["games"][:100]}
    spent = train(model, Packer(pools, recipe, stages), watch, tokenizer, recipe)

    record = {
        "started_from": {"training": read_json(start / "training.json"), "sha256": sha256(start / "model.safetensors")} if start else None,
        "shape": dataclasses.asdict(shape),
        "recipe": dataclasses.asdict(recipe),
        "stages": [{"until": end, "shares": shares} for end, shares in stages],
        "parameters": sum(w.numel() for w in model.parameters()),
        "spent": spent,
        "data_sha256": {name: sha256(arguments.data / f"{name}.jsonl") for name in POOLS},
        "versions": versions(),
    }
    export(model, tokenizer, shape, record, arguments.out)


if __name__ == "__main__":
    main()
