"""Writes test/golden/harness: what lm-evaluation-harness 0.4.13 scores with real models, item by item.

    pip install lm-eval==0.4.13 transformers==5.24.0 "datasets<4" scikit-learn torch==2.13.0 bitsandbytes==0.50.2
    python make_harness_goldens.py ../test/golden/harness [--data DIR] [--smollm2 DIR] [--only NAME ...]

The harness' own HFLM asks its own task files on the CPU, a request at a time. Models: three of random weights and a
context of 128 tokens, written here with their tokenizers (tiny-llama begins every text with BOS; tiny-qwen2 has none,
tiny-gpt2's is its EOS); with --data the trained stories260K; with --smollm2 SmolLM2-135M-Instruct, as it is and with
bitsandbytes' dequantized NF4 weights, computing in float64, the others in float32. Of questions and pages that are not
this project's own only numbers are kept.
"""

import argparse
import csv
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import numpy
import squad_metrics_shim  # noqa: F401  (before the harness: its CoQA scorer imports what transformers 5 has no more)
import torch
from harness import (
    arc_splits,
    coqa_conversations,
    hub_coqa,
    jsonl,
    mmlu_subjects,
    open_lm,
    page_splits,
    run_arc,
    run_harness,
    run_mmlu,
    split_pages,
)
from safetensors.torch import save_file
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPT2ForSequenceClassification,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

FIXTURES = Path(__file__).resolve().parent.parent / "test/fixtures/eval"
SEED = 20265
VOCAB = 512
CONTEXT = 128
SUBJECTS = ["anatomy", "college_physics", "formal_logic", "high_school_world_history", "virology"]


# ---------------------------------------------------------------------------------------------
# Models of random weights


def make_tokenizer(special: list[str], bos: str | None) -> Tokenizer:
    """Byte-level BPE over this project's own few texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    texts = [(FIXTURES / name).read_text(encoding="utf-8") for name in ("arc.jsonl", "coqa_domains.json", "wiki.raw")]
    tokenizer.train_from_iterator(texts, trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))]
        )
    return tokenizer


SHAPE = {
    "vocab_size": VOCAB,
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "num_key_value_heads": 1,
    "max_position_embeddings": CONTEXT,
}
# name -> (config, special tokens, BOS put before every text, bos_token, eos_token)
TINY = {
    "tiny-llama": (
        LlamaConfig(intermediate_size=100, bos_token_id=0, eos_token_id=1, **SHAPE),
        ["<s>", "</s>"],
        "<s>",
        "<s>",
        "</s>",
    ),
    "tiny-qwen2": (
        Qwen2Config(intermediate_size=84, tie_word_embeddings=True, bos_token_id=None, eos_token_id=0, **SHAPE),
        ["<|endoftext|>"],
        None,
        None,
        "<|endoftext|>",
    ),
    "tiny-gpt2": (
        GPT2Config(vocab_size=VOCAB, n_embd=48, n_layer=2, n_head=3, n_positions=CONTEXT, bos_token_id=0, eos_token_id=0),
        ["<|endoftext|>"],
        None,
        "<|endoftext|>",
        "<|endoftext|>",
    ),
}


def write_tiny(name: str, folder: Path) -> None:
    """A Hub folder: the weights normal numbers of this seed, in bfloat16, large enough that answers differ."""
    config, special, bos, bos_token, eos_token = TINY[name]
    folder.mkdir(parents=True, exist_ok=True)
    classify = name == "tiny-gpt2"
    random = numpy.random.default_rng([SEED, sorted(TINY).index(name)])
    config.architectures = None
    model = AutoModelForCausalLM.from_config(config)
    weights = randomize(model, random)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config.architectures = [type(model).__name__]
    config.torch_dtype = torch.bfloat16
    config.save_pretrained(folder)
    make_tokenizer(special, bos).save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **({"bos_token": bos_token} if bos_token else {}),
        "eos_token": eos_token,
        "model_max_length": CONTEXT,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")
    if classify:
        write_classifier(config, folder, random)


def randomize(model, random: numpy.random.Generator) -> dict[str, torch.Tensor]:
    """Every parameter drawn in the order of its name; norms about 1, the rest so that logits spread over a few nats."""
    tied = set(getattr(model, "_tied_weights_keys", None) or []) if model.config.tie_word_embeddings else set()
    weights = {}
    for name, parameter in sorted(model.named_parameters()):
        if name in tied:
            continue
        drawn = torch.from_numpy(random.standard_normal(tuple(parameter.shape)).astype(numpy.float32))
        norm = parameter.dim() == 1 and name.endswith("weight")
        weights[name] = (1 + 0.1 * drawn if norm else 0.25 * drawn).to(torch.bfloat16)
    return weights


def write_classifier(config: GPT2Config, folder: Path, random: numpy.random.Generator) -> None:
    """The same size with a head of four classes, beside it and with the same tokenizer."""
    folder = folder.with_name("tiny-gpt2-classifier")
    folder.mkdir(parents=True, exist_ok=True)
    replaced = ("id2label", "label2id", "pad_token_id", "architectures")
    settings = {key: value for key, value in config.to_dict().items() if key not in replaced}
    config = GPT2Config(**settings, num_labels=4, pad_token_id=0)
    model = GPT2ForSequenceClassification(config)
    save_file(randomize(model, random), folder / "model.safetensors", metadata={"format": "pt"})
    config.architectures = ["GPT2ForSequenceClassification"]
    config.torch_dtype = torch.bfloat16
    config.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((folder.with_name("tiny-gpt2") / name).read_bytes())


# ---------------------------------------------------------------------------------------------
# Asking


def choices(run: dict) -> dict:
    """{n, values, items: [{doc_id, lls, acc, ...}]} of a multiple-choice run."""
    names = [key for key in ("acc", "acc_norm", "acc_bytes") if key in run["values"]]
    items = [
        {
            "doc_id": sample["doc_id"],
            "lls": [digits(ll) for ll, _ in sample["filtered_resps"]],
            **{name: int(sample[name]) for name in names},
        }
        for sample in run["samples"]
    ]
    return {"n": run["n"], "values": run["values"], "items": items}


def rolling(run: dict) -> dict:
    items = [{"doc_id": s["doc_id"], "loglikelihood": digits(s["filtered_resps"][0])} for s in run["samples"]]
    return {"n": run["n"], "values": run["values"], "items": items}


def answers(run: dict) -> dict:
    """Of this project's own conversations the answers are kept as they are."""
    items = [
        {"doc_id": s["doc_id"], "text": s["filtered_resps"][0], "em": float(s["em"]), "f1": float(s["f1"])}
        for s in run["samples"]
    ]
    return {"n": run["n"], "values": run["values"], "items": items}


def digits(value: float) -> float:
    """Eight of them: float32 has no more."""
    return float(f"{float(value):.8g}")


def ask_own(lm) -> dict:
    """The fixtures, which every checkout has."""
    arc = jsonl(FIXTURES / "arc.jsonl")
    splits = {"train": arc, "validation": arc, "test": arc}
    pages = page_splits(split_pages(FIXTURES / "wiki.raw"))
    return {
        "arc_easy_0": choices(run_arc(lm, splits, num_fewshot=0)),
        "arc_easy_3": choices(run_arc(lm, splits, num_fewshot=3)),
        "wikitext": rolling(run_harness(lm, "wikitext/wikitext.yaml", pages)),
    }


def ask_coqa(lm) -> dict:
    rows = [hub_coqa(c) for c in coqa_conversations(FIXTURES / "coqa_domains.json")]
    train = [{**row, "id": f"train_{row['id']}"} for row in rows]
    return answers(run_harness(lm, "coqa/default.yaml", {"train": train, "validation": rows}))


def ask_mmlu(lm, data: Path, num_fewshot: int, limit: int, subjects: list[str]) -> dict:
    run = run_mmlu(lm, data, subjects, num_fewshot=num_fewshot, limit=limit)
    subjects = {name: choices(subject) for name, subject in run["subjects"].items()}
    return {"values": run["values"], "subjects": subjects}


def ask_real(lm, data: Path, sizes: dict) -> dict:
    """Real items: `sizes` says how many of each, the first ones; of pages their places."""
    pages = split_pages(data / "wikitext/wiki.test.raw")
    chosen = {
        f"arc_{name.lower()}_{k}": choices(run_arc(lm, arc_splits(data, name), num_fewshot=k, limit=limit))
        for name, k, limit in sizes["arc"]
    }
    for k, limit, subjects in sizes["mmlu"]:
        chosen[f"mmlu_{k}"] = ask_mmlu(lm, data, k, limit, subjects)
    chosen["wikitext"] = rolling(
        run_harness(lm, "wikitext/wikitext.yaml", page_splits(pages), doc_ids=sizes["wikitext"])
    )
    return chosen


def ask_classifier(folder: Path, data: Path, n: int) -> dict:
    """AG News by transformers and scikit-learn: the harness has no such task."""
    model = GPT2ForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    golds, preds, items = [], [], []
    with open(data, encoding="utf-8", newline="") as file:
        for doc_id, (label, title, description) in enumerate(list(csv.reader(file))[:n]):
            ids = tokenizer(f"{title} {description}", truncation=True, max_length=128, return_tensors="pt")
            with torch.no_grad():
                logits = model(input_ids=ids["input_ids"]).logits[0]
            golds.append(int(label) - 1)
            preds.append(int(logits.argmax()))
            items.append({"doc_id": doc_id, "logits": [digits(x) for x in logits], "pred": preds[-1]})
    macro = precision_recall_fscore_support(golds, preds, average="macro", zero_division=0)
    names = ("macro_precision", "macro_recall", "macro_f1")
    values = {name: float(value) for name, value in zip(names, macro[:3], strict=True)}
    return {"n": n, "values": {"acc": float(accuracy_score(golds, preds)), **values}, "items": items}


# ---------------------------------------------------------------------------------------------


STORIES = {
    "arc": [("Easy", 0, 100), ("Easy", 5, 100), ("Challenge", 0, 100), ("Challenge", 25, 20)],
    "mmlu": [(0, 20, SUBJECTS), (5, 20, SUBJECTS)],
    "wikitext": list(range(10)),
}
# Of a model of 135 million parameters, which its test computes on a software adapter.
SMOLLM2 = {"arc": [("Easy", 0, 20), ("Challenge", 0, 10)], "mmlu": [(0, 2, SUBJECTS), (5, 2, ["anatomy"])], "wikitext": [14, 29]}
NF4 = {"quant_type": "nf4", "blocksize": 64, "double_quant": False}
SMOLLM2_NF4 = {"arc": [("Easy", 0, 20)], "mmlu": [], "wikitext": [14, 29]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--smollm2", type=Path)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    out, data, smollm2 = options.out, options.data, options.smollm2
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    packages = ("lm_eval", "transformers", "tokenizers", "datasets", "torch", "bitsandbytes", "scikit-learn", "numpy")
    written_by = {
        "script": "tools/make_harness_goldens.py",
        **{name: version(name) for name in packages},
        "python": sys.version.split()[0],
    }

    def write(name: str, make) -> None:
        if options.only and name not in options.only:
            return
        dtype = "float64" if name.startswith("smollm2") else "float32"
        golden = {"written_by": written_by, "model": name, "dtype": dtype, **make()}
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{name}.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n", encoding="utf-8")
        print(name, "written", file=sys.stderr)

    def tiny(name: str) -> dict:
        folder = out / "models" / name
        write_tiny(name, folder)
        asked = {"own": ask_own(open_lm(folder))}
        if name == "tiny-gpt2":
            classifier = out / "models/tiny-gpt2-classifier"
            asked["own"]["ag_news"] = ask_classifier(classifier, FIXTURES / "ag_news.csv", 10)
            if data:
                asked["real"] = {"ag_news": ask_classifier(classifier, data / "AGNews/test.csv", 100)}
        return asked

    for name in TINY:
        write(name, lambda name=name: tiny(name))
    if data:
        assert set(SUBJECTS) <= set(mmlu_subjects(data))

        def stories() -> dict:
            lm = open_lm(data / "models/stories260K")
            return {"own": {**ask_own(lm), "coqa": ask_coqa(lm)}, "real": ask_real(lm, data, STORIES)}

        write("stories260K", stories)
    if data and smollm2:

        def float32() -> dict:
            lm = open_lm(smollm2, exact=True)
            return {"own": {"coqa": ask_coqa(lm)}, "real": ask_real(lm, data, SMOLLM2)}

        write("smollm2-135m", float32)
        write("smollm2-135m-nf4", lambda: {"real": ask_real(open_lm(smollm2, NF4, exact=True), data, SMOLLM2_NF4)})


if __name__ == "__main__":
    main()
