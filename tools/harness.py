"""What the scripts that ask lm-evaluation-harness share: its own task files over local rows, and models for its HFLM.

    pip install lm-eval==0.4.13 "transformers<5" "datasets<4" scipy statsmodels scikit-learn
"""

import csv
import importlib.util
import json
import os
import re
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# bitsandbytes' torch operations one by one: a compiler might fuse a product and a sum.
os.environ["TORCHDYNAMO_DISABLE"] = "1"

import lm_eval
import lm_eval.evaluator
from lm_eval.api.metrics import aggregate_subtask_metrics, pooled_sample_stderr
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml

# It lists the machine's packages after every task, which takes longer than most tasks do.
lm_eval.evaluator.add_env_info = lambda results: None

# Tasks are given as their files say; an index of all there are would be read again for each.
MANAGER = TaskManager(include_defaults=False)
TASKS = Path(lm_eval.__file__).parent / "tasks"
ACC_BYTES = {"metric": "acc_bytes", "aggregation": "mean", "higher_is_better": True}


def run_harness(
    model,
    yaml: str,
    splits: dict,
    num_fewshot: int = 0,
    limit: int | None = None,
    doc_ids: list[int] | None = None,
    chat: dict | None = None,
    **changes,
) -> dict:
    """One of the harness' task files, asked over these rows: {n, values, samples}. `doc_ids`: these docs alone; `chat`:
    apply_chat_template and what goes with it.
    """
    config = load_yaml(TASKS / yaml)
    name = config["task"]
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for split, rows in splits.items():
            files[split] = str(Path(folder) / f"{split}.jsonl")
            Path(files[split]).write_text("".join(json.dumps(row) + "\n" for row in rows))
        config.update(
            dataset_path="json",
            dataset_name=None,
            dataset_kwargs={"data_files": files, "cache_dir": folder},
            **changes,
        )
        config.pop("tag", None)
        results = lm_eval.simple_evaluate(
            model=model,
            tasks=[config],
            task_manager=MANAGER,
            num_fewshot=num_fewshot,
            limit=limit,
            samples=None if doc_ids is None else {name: doc_ids},
            log_samples=True,
            bootstrap_iters=1000,
            **(chat or {}),
        )
    values = {}
    for key, value in results["results"][name].items():
        if "," in key:
            metric, _ = key.split(",")
            values[metric] = value if isinstance(value, str) else float(value)
    return {"n": len(results["samples"][name]), "values": values, "samples": results["samples"][name]}


def run_arc(model, splits: dict, **options) -> dict:
    metrics = load_yaml(TASKS / "arc/arc_easy.yaml")["metric_list"] + [ACC_BYTES]
    return run_harness(model, "arc/arc_easy.yaml", splits, metric_list=metrics, **options)


def run_mmlu(model, data: Path, subjects: list[str], **options) -> dict:
    """{subjects: {name: run}, values}: each subject's own task file, and the group's acc as the harness puts it together."""
    runs = {}
    for subject in subjects:
        splits = {split: mmlu_rows(data, subject, split) for split in ("test", "dev")}
        runs[subject] = run_harness(model, f"mmlu/default/mmlu_{subject}.yaml", splits, **options)
    sizes = [run["n"] for run in runs.values()]
    return {
        "subjects": runs,
        "values": {
            "acc": float(aggregate_subtask_metrics([run["values"]["acc"] for run in runs.values()], sizes)),
            "acc_stderr": float(pooled_sample_stderr([run["values"]["acc_stderr"] for run in runs.values()], sizes)),
        },
    }


# ---------------------------------------------------------------------------------------------
# Models


def open_lm(folder: Path, config: dict | None = None, exact: bool = False):
    """
    The harness' HFLM in float32 on the CPU; `config`: its Linear layers as bitsandbytes has them after 4 bits.
    `exact`: it computes in float64 with those same weights, since over a page float32 itself strays by 5e-3 nats.
    """
    import torch
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    if config:
        quantize(model, config)
    if exact:
        model = model.double()
    return HFLM(pretrained=model, tokenizer=AutoTokenizer.from_pretrained(folder), batch_size=1, device="cpu")


def quantize(model, config: dict) -> None:
    """Every Linear of the blocks to 4 bits and back, in float32, by bitsandbytes' torch backend: its library for CPUs looks
    8-bit codes up in a table of 65,536 bins, and misses the nearest of some.
    """
    import torch
    from make_golden_base import F

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and name != "lm_head":
            packed, state = F.quantize_4bit(
                module.weight.data.contiguous(),
                blocksize=config["blocksize"],
                quant_type=config["quant_type"],
                compress_statistics=config["double_quant"],
            )
            module.weight.data = F.dequantize_4bit(packed, state)


# ---------------------------------------------------------------------------------------------
# Rows of the originals' files, as the Hub's data sets have them


def jsonl(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def arc_splits(data: Path, name: str) -> dict:
    return {split: jsonl(data / f"ARC/ARC-{name}-{split}.jsonl") for split in ("train", "validation", "test")}


def mmlu_rows(data: Path, subject: str, split: str) -> list[dict]:
    with open(data / f"MMLU/{split}/{subject}_{split}.csv", encoding="utf-8", newline="") as file:
        return [
            {
                "question": row["question"],
                "subject": subject,
                "choices": [row[f"choice{i}"] for i in range(4)],
                "answer": int(row["answer"]),
            }
            for row in csv.DictReader(file)
        ]


def mmlu_subjects(data: Path) -> list[str]:
    return sorted(path.name.removesuffix("_test.csv") for path in (data / "MMLU/test").glob("*_test.csv"))


def coqa_conversations(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["data"]


def hub_coqa(conversation: dict) -> dict:
    """The official JSON's lists of turns as the columns of EleutherAI/coqa (lm-eval v0.3.0, datasets/coqa/coqa.py)."""

    def column(turns):
        return {"input_text": [turn["input_text"] for turn in turns]}

    return {
        "id": conversation["id"],
        "story": conversation["story"],
        "questions": column(conversation["questions"]),
        "answers": column(conversation["answers"]),
        "additional_answers": {k: column(v) for k, v in conversation["additional_answers"].items()},
    }


def split_pages(path: Path) -> list[str]:
    """lm-eval v0.3.0, lm_eval/datasets/wikitext/wikitext.py, _generate_examples."""
    pages, ret = [], []
    with open(path, encoding="utf-8") as f:
        for line in f.read().split("\n"):
            rline = line.replace("= = =", "===").replace("= =", "==").strip()
            if rline.startswith("= ") and rline.strip().endswith(" ="):
                page = "\n".join(ret)
                if page.strip():
                    pages.append(page)
                ret = []
            ret.append(line)
    pages.append("\n".join(ret))
    return pages


def page_splits(pages: list[str]) -> dict:
    return {split: [{"page": page} for page in pages] for split in ("train", "validation", "test")}


def words_and_bytes(pages: list[str]) -> dict:
    return {
        "words": sum(len(re.split(r"\s+", page)) for page in pages),
        "bytes": sum(len(page.encode("utf-8")) for page in pages),
    }


# ---------------------------------------------------------------------------------------------
# CoQA's own script: stanfordnlp/coqa-baselines, scripts/evaluate-v1.0.py at 693d05b


def official_coqa(script: Path, data_file: Path, preds: list[dict]) -> dict:
    """Its scores by domain, rounded as it rounds them, and em and f1 of every turn: preds are {id, turn_id, answer}."""
    spec = importlib.util.spec_from_file_location("evaluate_coqa", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    evaluator = module.CoQAEvaluator(data_file)
    answers = {(pred["id"], pred["turn_id"]): pred["answer"] for pred in preds}
    em, f1 = evaluator.get_raw_scores(answers)
    return {
        "domains": evaluator.model_performance(answers),
        "turns": [{"em": float(em[key]), "f1": float(f1[key])} for key in answers],
    }
