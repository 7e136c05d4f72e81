"""Writes test/golden/samples: the files that lm-evaluation-harness 0.4.13 writes under --log_samples.

    pip install lm-eval==0.4.13 transformers==5.24.0 "datasets<4"
    python make_samples_goldens.py ../test/golden/samples

A scripted model is asked this project's own few items; the harness' EvaluationTracker writes what it answered.
"""

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

import squad_metrics_shim  # noqa: F401  (before the harness: its CoQA scorer imports what transformers 5 has no more)
from harness import coqa_conversations, hub_coqa, jsonl, page_splits, run_harness, split_pages
from lm_eval.loggers import EvaluationTracker
from scripted_model import ScriptedModel

FIXTURES = Path(__file__).resolve().parent.parent / "test/fixtures/eval"
DATE = "2026-01-01T00-00-00.000000"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    arc = jsonl(FIXTURES / "arc.jsonl")
    coqa = [hub_coqa(conversation) for conversation in coqa_conversations(FIXTURES / "coqa_domains.json")]
    pages = split_pages(FIXTURES / "wiki.raw")
    asked = {
        "arc_easy": ("arc/arc_easy.yaml", {"train": arc, "validation": arc, "test": arc}),
        "coqa": ("coqa/default.yaml", {"train": coqa, "validation": coqa}),
        "wikitext": ("wikitext/wikitext.yaml", page_splits(pages)),
    }
    tracker = EvaluationTracker(output_path=str(out))
    tracker.general_config_tracker.model_name_sanitized = "scripted"
    tracker.date_id = DATE
    for task, (yaml, splits) in asked.items():
        (out / "scripted" / f"samples_{task}_{DATE}.jsonl").unlink(missing_ok=True)
        run = run_harness(ScriptedModel(), yaml, splits)
        tracker.save_results_samples(task_name=task, samples=run["samples"])
    packages = ("lm_eval", "transformers", "datasets", "numpy")
    written_by = {
        "script": "tools/make_samples_goldens.py",
        **{name: version(name) for name in packages},
        "python": sys.version.split()[0],
    }
    (out / "written_by.json").write_text(json.dumps(written_by, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
