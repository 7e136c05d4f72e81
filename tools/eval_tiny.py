"""Measure nibble-tiny in PyTorch float32, unquantized and with its block weights quantized.

    python eval_tiny.py --model ../public/models/nibble-tiny --tasks ../public/tasks [--json FILE]

Multiple choice, conversation and rolling perplexity follow lm-evaluation-harness (prompts, scoring,
normalisation). Quantization is simulated: the weight of every Linear inside the blocks is rounded
to its codes and back; embeddings, norms and the tied head stay as they are.
"""

import argparse
import json
import math
import re
import string
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

BLOCK_SIZES = (64, 128, 1024, 4096)
MAX_NEW_TOKENS = 24

NF4_CODES = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
FP4_MAGNITUDES = (0.0, 0.0625 / 12, 2 / 12, 3 / 12, 4 / 12, 6 / 12, 8 / 12, 1.0)
FP4_CODES = tuple(sorted({sign * m for m in FP4_MAGNITUDES for sign in (-1, 1)}))
INT4_CODES = tuple(level / 7 for level in range(-7, 8))


# ---------------------------------------------------------------------------------------------
# Quantization
# ---------------------------------------------------------------------------------------------


def quantize_codes(weight: torch.Tensor, codes: tuple[float, ...], block_size: int) -> torch.Tensor:
    """Nearest code of x / absmax in flat row-major blocks, times absmax; ties go to the lower code."""
    table = torch.tensor(codes, dtype=torch.float32)
    thresholds = (table[:-1] + table[1:]) / 2
    flat = weight.flatten()
    padded = torch.nn.functional.pad(flat, (0, -flat.numel() % block_size)).view(-1, block_size)
    absmax = padded.abs().amax(1, keepdim=True)
    scaled = padded * (1 / absmax.clamp(min=1e-38))
    return (table[torch.bucketize(scaled, thresholds)] * absmax).flatten()[: flat.numel()].view_as(weight)


def quantize_int8(weight: torch.Tensor) -> torch.Tensor:
    """Row-wise absmax: integers -127..127, rounded half to even."""
    scale = weight.abs().amax(1, keepdim=True) / 127
    return torch.round(weight / scale.clamp(min=1e-38)) * scale


def configurations() -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """Name -> what happens to the weight of a Linear."""
    table = {"float32": lambda w: w, "int8": quantize_int8}
    for size in BLOCK_SIZES:
        for name, codes in (("nf4", NF4_CODES), ("int4", INT4_CODES), ("fp4", FP4_CODES)):
            table[f"{name}/{size}"] = lambda w, codes=codes, size=size: quantize_codes(w, codes, size)
    return table


class Model:
    """The exported model with its original block weights at hand, so that each configuration starts from them."""

    def __init__(self, folder: Path):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        layers = self.network.model.layers.named_modules()
        self.linears = [(m, m.weight.detach().clone()) for _, m in layers if isinstance(m, torch.nn.Linear)]

    @torch.no_grad()
    def quantize(self, how: Callable[[torch.Tensor], torch.Tensor]) -> None:
        for module, original in self.linears:
            module.weight.copy_(how(original))

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False)

    @torch.no_grad()
    def log_probabilities(self, rows: list[list[int]]) -> torch.Tensor:
        """[B, T, vocab] log-probabilities of the next token; rows are padded on the right, which nothing sees."""
        length = max(map(len, rows))
        padded = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        return self.network(padded).logits.log_softmax(-1)


# ---------------------------------------------------------------------------------------------
# Multiple choice
# ---------------------------------------------------------------------------------------------


def split_pair(model: Model, context: str, continuation: str) -> tuple[list[int], list[int]]:
    """Token ids of both parts, the whole encoded at once as the harness does."""
    whole, head = model.encode(context + continuation), model.encode(context)
    return head, whole[len(head) :]


def arc_log_likelihoods(model: Model, items: list[dict], batch: int = 64) -> list[list[float]]:
    """Summed log-likelihood of every choice of every item."""
    scores = []
    for first in range(0, len(items), batch):
        part = items[first : first + batch]
        pairs = [
            split_pair(model, f"Question: {item['question']}\nAnswer:", " " + choice)
            for item in part
            for choice in item["choices"]["text"]
        ]
        table = model.log_probabilities([(head + tail)[:-1] for head, tail in pairs])
        sums = [
            sum(table[row, len(head) - 1 + i, token].item() for i, token in enumerate(tail))
            for row, (head, tail) in enumerate(pairs)
        ]
        for item in part:
            count = len(item["choices"]["text"])
            scores.append(sums[:count])
            sums = sums[count:]
    return scores


def argmax(values: list[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def measure_arc(model: Model, items: list[dict]) -> dict:
    """acc and acc_norm, with right/wrong and the margin (gold minus best wrong, nats) of every item."""
    right, right_norm, margins = [], [], []
    for item, scores in zip(items, arc_log_likelihoods(model, items)):
        texts = item["choices"]["text"]
        gold = item["choices"]["label"].index(item["answerKey"])
        right.append(argmax(scores) == gold)
        right_norm.append(argmax([s / len(t) for s, t in zip(scores, texts)]) == gold)
        margins.append(scores[gold] - max(s for i, s in enumerate(scores) if i != gold))
    return {"acc": mean(right), "acc_norm": mean(right_norm), "margin": mean(margins), "right": right, "margins": margins}


# ---------------------------------------------------------------------------------------------
# Conversation
# ---------------------------------------------------------------------------------------------


def coqa_prompt(record: dict) -> str:
    """The story, the earlier turns with their true answers, and the last question."""
    questions = [q["input_text"] for q in record["questions"]]
    answers = [a["input_text"] for a in record["answers"]]
    turns = "".join(f"Q: {q}\n\nA: {a}\n\n" for q, a in zip(questions, answers[:-1]))
    return f"{record['story']}\n\n{turns}Q: {questions[-1]}\n\nA:"


def coqa_references(record: dict) -> list[str]:
    """The last answer and its alternatives, without case-insensitive repeats."""
    references = [record["answers"][-1]["input_text"]]
    for answers in record["additional_answers"].values():
        text = answers[-1]["input_text"]
        if text.lower() not in map(str.lower, references):
            references.append(text)
    return references


def generate(model: Model, prompts: list[str], batch: int = 64) -> list[str]:
    """Greedy continuations up to the separator, a "\\nQ:" or MAX_NEW_TOKENS."""
    texts = []
    for first in range(0, len(prompts), batch):
        rows = [model.encode(p) for p in prompts[first : first + batch]]
        starts = [len(row) for row in rows]
        for _ in range(MAX_NEW_TOKENS):
            table = model.log_probabilities(rows)
            rows = [row + [table[i, len(row) - 1].argmax().item()] for i, row in enumerate(rows)]
        for row, start in zip(rows, starts):
            new = row[start:]
            new = new[: new.index(0)] if 0 in new else new
            texts.append(model.tokenizer.decode(new).split("\nQ:")[0])
    return texts


def normalise(text: str) -> str:
    """SQuAD normalisation: lower case, no punctuation, no articles, single spaces."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def exact(gold: str, prediction: str) -> float:
    return float(normalise(gold) == normalise(prediction))


def f1(gold: str, prediction: str) -> float:
    """Overlap of the words as multisets."""
    a, b = normalise(gold).split(), normalise(prediction).split()
    if not a or not b:
        return float(a == b)
    common = sum((Counter(a) & Counter(b)).values())
    return 2 * common / (len(a) + len(b))


def leave_one_out(score: Callable[[str, str], float], references: list[str], prediction: str) -> float:
    """Mean over the references of the best score against the others; the plain score when there is only one."""
    if len(references) == 1:
        return score(references[0], prediction)
    rounds = [references[:i] + references[i + 1 :] for i in range(len(references))]
    return mean([max(score(r, prediction) for r in others) for others in rounds])


def measure_coqa(model: Model, records: list[dict]) -> dict:
    """em and f1 of the last turns."""
    predictions = [t.strip().split("\n")[0] for t in generate(model, [coqa_prompt(r) for r in records])]
    pairs = [(coqa_references(r), p) for r, p in zip(records, predictions)]
    em, f = ([leave_one_out(score, golds, p) for golds, p in pairs] for score in (exact, f1))
    return {"em": mean(em), "f1": mean(f), "f1s": f, "right": [e > 0.5 for e in em], "predictions": predictions}


# ---------------------------------------------------------------------------------------------
# Running text
# ---------------------------------------------------------------------------------------------


def text_tables(model: Model, documents: list[dict]) -> list[torch.Tensor]:
    """Per document the log-probabilities [n, vocab] of its n tokens, the first one scored from the separator."""
    tables = []
    for document in documents:
        ids = model.encode(document["text"])
        tables.append(model.log_probabilities([[0] + ids[:-1]])[0])
    return tables


def measure_text(model: Model, documents: list[dict], base: list[torch.Tensor] | None) -> dict:
    """Perplexity per token, word and byte; mean KL(base || this) in nats a token; log-likelihood of each document."""
    tables = text_tables(model, documents)
    ids = [torch.tensor(model.encode(d["text"])) for d in documents]
    sums = [t.gather(1, i[:, None]).double().sum().item() for t, i in zip(tables, ids)]
    tokens, texts = sum(map(len, ids)), [d["text"] for d in documents]
    words, size = (sum(map(len, column)) for column in ([re.split(r"\s+", t) for t in texts], [t.encode() for t in texts]))
    kls = [(b.exp() * (b - t)).sum(-1).double() for b, t in zip(base or tables, tables)]
    return {
        "ppl_token": math.exp(-sum(sums) / tokens),
        "ppl_word": math.exp(-sum(sums) / words),
        "ppl_byte": math.exp(-sum(sums) / size),
        "kl": torch.cat(kls).mean().item(),
        "log_likelihoods": sums,
        "tables": tables,
    }


# ---------------------------------------------------------------------------------------------
# Paired comparisons
# ---------------------------------------------------------------------------------------------


def mean(values: list) -> float:
    return sum(values) / len(values)


def mcnemar(a: list[bool], b: list[bool]) -> dict:
    """Flips between two configurations on the same items, and the exact two-sided p."""
    lost, won = sum(x and not y for x, y in zip(a, b)), sum(y and not x for x, y in zip(a, b))
    tail = sum(math.comb(lost + won, i) for i in range(min(lost, won) + 1)) / 2 ** (lost + won)
    return {"only_first": lost, "only_second": won, "p": min(1.0, 2 * tail)}


def paired_difference(a: list[float], b: list[float]) -> dict:
    """Mean of a - b over the items with its standard error, and z."""
    differences = [x - y for x, y in zip(a, b)]
    center = mean(differences)
    error = math.sqrt(sum((d - center) ** 2 for d in differences) / (len(differences) - 1) / len(differences))
    return {"mean": center, "standard_error": error, "z": center / error if error else 0.0}


def compare(first: dict, second: dict) -> dict:
    """NF4 against FP4 at one block size, paired by item."""
    return {
        "arc_flips": mcnemar(first["arc"]["right"], second["arc"]["right"]),
        "arc_margin": paired_difference(first["arc"]["margins"], second["arc"]["margins"]),
        "coqa_flips": mcnemar(first["coqa"]["right"], second["coqa"]["right"]),
        "text_log_likelihood": paired_difference(first["text"]["log_likelihoods"], second["text"]["log_likelihoods"]),
    }


# ---------------------------------------------------------------------------------------------
# Report
# ---------------------------------------------------------------------------------------------

COLUMNS = (
    ("arc acc", "arc", "acc", "{:.4f}"),
    ("acc_norm", "arc", "acc_norm", "{:.4f}"),
    ("margin", "arc", "margin", "{:.3f}"),
    ("coqa em", "coqa", "em", "{:.4f}"),
    ("coqa f1", "coqa", "f1", "{:.4f}"),
    ("ppl/token", "text", "ppl_token", "{:.4f}"),
    ("ppl/word", "text", "ppl_word", "{:.3f}"),
    ("ppl/byte", "text", "ppl_byte", "{:.4f}"),
    ("KL", "text", "kl", "{:.5f}"),
)


def print_table(results: dict[str, dict]) -> None:
    print("".join(f"{title:>10}" for title in ("", *(c[0] for c in COLUMNS))))
    for name, result in results.items():
        print(f"{name:>10}" + "".join(f"{form.format(result[part][key]):>10}" for _, part, key, form in COLUMNS))


def print_comparisons(comparisons: dict[str, dict]) -> None:
    print("\nNF4 against FP4, paired")
    for size, c in comparisons.items():
        arc, coqa, margin, text = c["arc_flips"], c["coqa_flips"], c["arc_margin"], c["text_log_likelihood"]
        print(
            f"{size:>10}  arc only nf4 {arc['only_first']} only fp4 {arc['only_second']} p {arc['p']:.2g}"
            f" | margin {margin['mean']:+.3f} z {margin['z']:.1f}"
            f" | coqa {coqa['only_first']}:{coqa['only_second']} p {coqa['p']:.2g}"
            f" | text {text['mean']:+.3f} nats a document z {text['z']:.1f}"
        )


def summary(results: dict[str, dict], comparisons: dict[str, dict]) -> dict:
    """The figures without the per-item lists."""
    figures = {name: {part: {k: r[part][k] for _, p, k, _ in COLUMNS if p == part} for part in r} for name, r in results.items()}
    return {"figures": figures, "nf4_against_fp4": comparisons}


def measure_all(model: Model, tasks: Path) -> dict[str, dict]:
    """Every configuration on every task; float32 comes first, because KL is taken against it."""
    items = [json.loads(line) for line in (tasks / "mini_arc.jsonl").read_text(encoding="utf-8").splitlines()]
    records = json.loads((tasks / "mini_coqa.json").read_text(encoding="utf-8"))["data"]
    documents = [json.loads(line) for line in (tasks / "mini_text.jsonl").read_text(encoding="utf-8").splitlines()]
    results, base = {}, None
    for name, how in configurations().items():
        model.quantize(how)
        text = measure_text(model, documents, base)
        base = base or text.pop("tables")
        text.pop("tables", None)
        results[name] = {"arc": measure_arc(model, items), "coqa": measure_coqa(model, records), "text": text}
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    begin = time.monotonic()
    results = measure_all(Model(arguments.model), arguments.tasks)
    comparisons = {f"{s}": compare(results[f"nf4/{s}"], results[f"fp4/{s}"]) for s in BLOCK_SIZES}
    print_table(results)
    print_comparisons(comparisons)
    print(f"\n{time.monotonic() - begin:.0f} s")
    if arguments.json:
        arguments.json.write_text(json.dumps(summary(results, comparisons), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
