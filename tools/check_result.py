"""Asks lm-evaluation-harness 0.4.13 the items of a result again and holds every log-likelihood against its.

    pip install -r requirements-harness.txt
    python check_result.py RESULT.json MODEL_DIR --data DIR

Of the configurations those that compute in float32, unquantized or in NF4 or FP4 by bitsandbytes; of the tasks
arc_easy, arc_challenge and wikitext. The harness' model computes in float64. Exit status 1 where a log-likelihood
differs by more than 1e-3 (a text: or 1e-6 of its own), an accuracy by 1e-6, or a perplexity by 5e-6 of its own.
"""

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

from harness import arc_splits, open_lm, page_splits, run_arc, run_harness, split_pages


def ask(lm, data: Path, task: str, doc_ids: list[int]) -> dict:
    if task == "wikitext":
        pages = page_splits(split_pages(data / "wikitext/wiki.test.raw"))
        return run_harness(lm, "wikitext/wikitext.yaml", pages, doc_ids=doc_ids)
    return run_arc(lm, arc_splits(data, task.removeprefix("arc_").capitalize()), doc_ids=doc_ids)


def loglikelihoods(sample: dict) -> list[float]:
    answers = sample["filtered_resps"]
    return [answer if isinstance(answer, float) else answer[0] for answer in answers]


def check(ours: dict, theirs: dict, label: str) -> bool:
    samples = {sample["doc_id"]: loglikelihoods(sample) for sample in theirs["samples"]}
    worst, worst_of_bound = 0.0, 0.0
    for item in ours["items"]:
        own = item.get("lls") or [item["loglikelihood"]]
        for a, b in zip(own, samples[item["doc_id"]], strict=True):
            bound = 1e-3 if "lls" in item else max(1e-3, 1e-6 * abs(b))
            worst, worst_of_bound = max(worst, abs(a - b)), max(worst_of_bound, abs(a - b) / bound)
    metrics = {key: (ours["metrics"][key]["value"], value) for key, value in theirs["values"].items() if key in ours["metrics"]}
    off = max(abs(own - value) / max(abs(value), 1) for own, value in metrics.values())
    # A perplexity per word is the exponential of some four nats, each as far off as its log-likelihood may be.
    passed = worst_of_bound <= 1 and off <= (1e-6 if "lls" in ours["items"][0] else 5e-6)
    print(
        f"{label}: {len(ours['items'])} items, worst difference {worst:.1e} nats ({worst_of_bound:.0%} of its bound), "
        f"{', '.join(metrics)} within {off:.0e}: {'pass' if passed else 'FAIL'}"
    )
    return passed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("result", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    print(", ".join(f"{name} {version(name)}" for name in ("lm_eval", "transformers", "torch", "bitsandbytes")))
    passed = []
    for run in json.loads(options.result.read_text(encoding="utf-8"))["runs"]:
        config = run["config"]
        if config["compute_dtype"] != "float32" or config["quant_type"] not in ("none", "nf4", "fp4"):
            continue
        lm = open_lm(options.model, None if config["quant_type"] == "none" else config, exact=True)
        for task in run["tasks"]:
            if task["task"] in ("arc_easy", "arc_challenge", "wikitext"):
                theirs = ask(lm, options.data, task["task"], [item["doc_id"] for item in task["items"]])
                passed.append(check(task, theirs, f"{json.dumps(config)}, {task['task']}"))
    return int(not passed or not all(passed))


if __name__ == "__main__":
    sys.exit(main())
