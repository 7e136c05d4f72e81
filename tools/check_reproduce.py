"""Runs what a result prints under "How to reproduce" by lm-evaluation-harness, and compares its answers item by item.

    pip install -r requirements-chat.txt
    npm run -s lab -- run SPEC --model MODEL_DIR --data DATA --runtime node --out result.json
    npm run -s lab -- report result.json --out report.md
    python check_reproduce.py result.json report.md --model MODEL_DIR --data DATA

Every block of lm_eval commands and of Python is run as it is printed, but for the model's name, which is the folder given
here, and the data, which come from DATA in place of the Hub. Labels (the right answer), log-likelihoods to 1e-3 (of a
text: 1e-6 of its own), texts exactly; what differs is said item by item, with the note that was printed, and the exit
status is 1 where the printed text does not tell it. An item's answers are looked up by the doc_id that the harness gives.
"""

import argparse
import contextlib
import io
import json
import os
import re
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

# Before all others: bitsandbytes on its torch backend, whose numbers ours are. Its library for CPUs computes others under
# double quantization, and stops at a layer whose size is no multiple of its block.
import make_golden_base  # noqa: F401
import squad_metrics_shim
import datasets
import lm_eval
import lm_eval.evaluator
from harness import arc_splits, coqa_conversations, hub_coqa, mmlu_rows, mmlu_subjects, page_splits, split_pages

# harness.py gives tasks as files; here they are asked by name.
from lm_eval._cli.harness import HarnessCLI

BOUND = 1e-3


# ---------------------------------------------------------------------------------------------
# The Hub's data sets from local files


def local_dataset(data: Path, path: str, name: str | None) -> dict:
    """{split: rows} of one of the harness' data sets."""
    if path == "allenai/ai2_arc":
        return arc_splits(data, name.removeprefix("ARC-"))
    if path == "cais/mmlu":
        return {split: mmlu_rows(data, name, split) for split in ("test", "dev")}
    if path == "EleutherAI/wikitext_document_level":
        return page_splits(split_pages(data / "wikitext/wiki.test.raw"))
    if path == "EleutherAI/coqa":
        rows = [hub_coqa(c) for c in coqa_conversations(data / "coqa-dev-v1.0.json")]
        train = data / "coqa-train-v1.0.json"
        return {"train": [hub_coqa(c) for c in coqa_conversations(train)] if train.exists() else rows, "validation": rows}
    raise ValueError(f"{path} is none of the data sets that are here")


def use_local_data(data: Path) -> None:
    def load_dataset(path, name=None, **_):
        splits = local_dataset(data, path, name)
        return datasets.DatasetDict({split: datasets.Dataset.from_list(rows) for split, rows in splits.items()})

    datasets.load_dataset = load_dataset


# ---------------------------------------------------------------------------------------------
# What was printed


def blocks(report: Path) -> list[dict]:
    """The report's blocks of code below "How to reproduce": {title, language, text, note}."""
    text = report.read_text(encoding="utf-8").split("## How to reproduce", 1)[1]
    found = re.findall(r"^\*\*(.+?)\*\*\n\n```(\w*)\n(.*?)\n```\n(.*?)(?=^\*\*|\Z)", text, flags=re.M | re.S)

    def plain(escaped: str) -> str:
        return re.sub(r"\\(.)", r"\1", escaped).strip()

    return [{"title": plain(t), "language": language, "text": body, "note": plain(note)} for t, language, body, note in found]


def run_block(block: dict, model: str) -> dict:
    """Every sample the harness logged, by task."""
    asked = {}
    evaluate = lm_eval.evaluator.simple_evaluate

    def remember(*args, **options):
        results = evaluate(*args, **{**options, "log_samples": True, "bootstrap_iters": 0})
        for task, samples in results["samples"].items():
            asked.setdefault(task, []).extend(samples)
        return results

    lm_eval.evaluator.simple_evaluate = lm_eval.simple_evaluate = remember
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if block["language"] == "python":
                code = re.sub(r'(AutoModel\w*|AutoTokenizer)\.from_pretrained\("[^"]*"', rf"\1.from_pretrained({model!r}", block["text"])
                exec(compile(code, block["title"], "exec"), {})
            else:
                # An instruction may have line feeds.
                for line in re.split(r"\n(?=lm_eval )", block["text"]):
                    words = shlex.split(line)
                    place = words.index("--model_args") + 1
                    words[place] = re.sub(r"pretrained=[^,]*", f"pretrained={model}", words[place])
                    sys.argv = words
                    cli = HarnessCLI()
                    cli.execute(cli.parse_args())
    finally:
        lm_eval.evaluator.simple_evaluate = lm_eval.simple_evaluate = evaluate
    return asked


# ---------------------------------------------------------------------------------------------
# Comparing


def answers_of(sample: dict):
    said = sample["filtered_resps"]
    return [each if isinstance(each, (str, float)) else each[0] for each in said]


def differs(item: dict, sample: dict) -> str | None:
    """What an item has otherwise than the harness' sample of the same number; None where nothing."""
    theirs = answers_of(sample)
    if item["output_type"] == "generate_until":
        return None if item["text"] == theirs[0] else f"{item['text']!r} here, {theirs[0]!r} there"
    ours = item["lls"] if "lls" in item else [item["loglikelihood"]]
    if len(ours) != len(theirs):
        return f"{len(ours)} choices here, {len(theirs)} there"
    if "gold" in item:
        gold = gold_of(sample)
        if gold is not None and gold != item["gold"]:
            return f"label {item['gold']} here, {gold} there"
    worst = max(abs(a - b) / (BOUND if "lls" in item else max(BOUND, 1e-6 * abs(b))) for a, b in zip(ours, theirs, strict=True))
    return None if worst <= 1 else f"off by {worst:.1f} times its bound"


def gold_of(sample: dict) -> int | None:
    """The place of the right choice, of a task whose target is a number or a choice's text."""
    target = sample["target"]
    with contextlib.suppress(ValueError):
        return int(target)
    choices = [arguments[1].removeprefix(" ") for arguments in sample["arguments"]] if isinstance(sample["arguments"], (list, tuple)) else []
    return choices.index(target) if target in choices else None


def mmlu_offsets(data: Path) -> dict[str, int]:
    offsets, begin = {}, 0
    for subject in mmlu_subjects(data):
        offsets[f"mmlu_{subject}"] = begin
        begin += len(mmlu_rows(data, subject, "test"))
    return offsets


def check(task: dict, asked: dict, data: Path) -> tuple[int, list[str]]:
    """How many items were compared, and what differs of which."""
    name = task["task"]
    if name == "mmlu":
        samples = {
            offset + sample["doc_id"]: sample
            for subject, offset in mmlu_offsets(data).items()
            for sample in asked.get(subject, [])
        }
    else:
        samples = {sample["doc_id"]: sample for sample in asked.get(name, [])}
    differences = []
    for item in task["items"]:
        sample = samples.get(item["doc_id"])
        found = "not asked there" if sample is None else differs(item, sample)
        if found:
            differences.append(f"{name} {item['doc_id']}: {found}")
    return len(task["items"]), differences


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("result", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", default="", help="the blocks whose title has this")
    options = parser.parse_args()
    print(", ".join(f"{name} {version(name)}" for name in ("lm_eval", "transformers", "torch", "bitsandbytes")))
    if squad_metrics_shim.SHIMMED:
        print("CoQA is scored through tools/squad_metrics_shim.py: the harness imports a module that transformers 5 has no more.")
    use_local_data(options.data)
    runs = json.loads(options.result.read_text(encoding="utf-8"))["runs"]
    failed = ran = 0
    at = 0
    for block in blocks(options.report):
        # A configuration's command, where it has one, comes before its Python.
        run = runs[min(at, len(runs) - 1)]
        at += block["title"].startswith("In Python")
        if "lm_eval" not in block["text"] or options.only not in block["title"]:
            continue
        asked = run_block(block, options.model)
        for task in run["tasks"]:
            if task["task"] not in asked and task["task"] != "mmlu":
                print(f"{block['title']}, {task['task']}: not asked. {block['note']}")
                continue
            n, differences = check(task, asked, options.data)
            ran += 1
            failed += bool(differences)
            print(f"{block['title']}, {task['task']}: {n - len(differences)} of {n} items as printed. {block['note']}")
            for line in differences[:10]:
                print(f"  {line}")
    return int(failed > 0 or ran == 0)


if __name__ == "__main__":
    sys.exit(main())
