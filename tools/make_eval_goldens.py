"""Write src/eval/golden.json: what lm-evaluation-harness, CPython, scipy and statsmodels compute.

    pip install lm-eval==0.4.13 "transformers<5" "datasets<4" scipy statsmodels
    python make_eval_goldens.py [--data DIR] && npx prettier --write ../src/eval/golden.json

The harness runs its own task files over src/eval/fixtures and, with --data, over the real ARC and WikiText files;
their numbers go under "real" and stay as they are without --data. It asks a scripted model whose every score depends
on every character of the prompt and is a multiple of 1/16, so that sums are exact and a test in another language can
demand equality.
"""

import argparse
import hashlib
import json
import os
import random
import re
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import datasets
import lm_eval
import numpy
import scipy.stats
import statsmodels
import transformers
from lm_eval.api.metrics import mean_stderr
from lm_eval.api.model import LM
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml
from lm_eval.tasks.coqa import utils as coqa_utils
from lm_eval.tasks.wikitext.preprocess_wikitext import wikitext_detokenizer
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint
from transformers.data.metrics import squad_metrics

HERE = Path(__file__).resolve().parent
EVAL = HERE.parent / "src" / "eval"
TASKS = Path(lm_eval.__file__).parent / "tasks"
SEPARATOR = "\x1f"


# ---------------------------------------------------------------------------------------------
# The scripted model; src/eval/scripted_model.ts is the same in TypeScript


def hash_text(text: str, start: int = 0) -> int:
    state = start
    for character in text:
        state = (state * 31 + ord(character)) % 65521
    return state


def cost(text: str, start: int) -> float:
    state, total = start, 0
    for character in text:
        state = (state * 31 + ord(character)) % 65521
        total += state % 101 + 1
    return -total / 16


ANSWERS = [" in the barn.\n\nQ: And then?", "2\nQ:", " a bus", "\n the THE thé\nmore", "Yes!", "\nQ: nothing"]


class ScriptedModel(LM):
    """Remembers a digest of what it was asked, in order."""

    def __init__(self):
        super().__init__()
        self.asked = hashlib.sha256()

    def note(self, *texts: str) -> None:
        for text in texts:
            self.asked.update((text + SEPARATOR).encode("utf-8"))

    def loglikelihood(self, requests, disable_tqdm=False):
        seen = {}
        results = []
        for context, continuation in (request.args for request in requests):
            self.note(context, continuation)
            if context not in seen:
                seen = {context: hash_text(context)}
            results.append((cost(continuation, seen[context]), False))
        return results

    def loglikelihood_rolling(self, requests, disable_tqdm=False):
        results = []
        for (text,) in (request.args for request in requests):
            self.note(text)
            results.append(cost(text, 0))
        return results

    def generate_until(self, requests, disable_tqdm=False):
        results = []
        for i, (context, options) in enumerate(request.args for request in requests):
            self.note(context, *options["until"])
            text = ANSWERS[i % len(ANSWERS)]
            for stop in options["until"]:
                text = text.split(stop)[0]
            results.append(text)
        return results


# ---------------------------------------------------------------------------------------------
# Running the harness's own task files over local rows


def run_harness(yaml: str, splits: dict, num_fewshot: int = 0, limit: int | None = None, **changes) -> dict:
    config = load_yaml(TASKS / yaml)
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
        model = ScriptedModel()
        results = lm_eval.simple_evaluate(
            model=model, tasks=[config], num_fewshot=num_fewshot, limit=limit, log_samples=True,
            bootstrap_iters=1000,
        )
    name = config["task"]
    values = {}
    for key, value in results["results"][name].items():
        if "," in key:
            metric, _ = key.split(",")
            values[metric] = value if isinstance(value, str) else float(value)
    return {"n": len(results["samples"][name]), "values": values, "asked_sha256": model.asked.hexdigest(),
            "samples": results["samples"][name]}


ACC_BYTES = {"metric": "acc_bytes", "aggregation": "mean", "higher_is_better": True}


def run_arc(splits: dict, **options) -> dict:
    metrics = load_yaml(TASKS / "arc/arc_easy.yaml")["metric_list"] + [ACC_BYTES]
    run = run_harness("arc/arc_easy.yaml", splits, metric_list=metrics, **options)
    samples = run.pop("samples")
    run["sum_of_lls"] = sum(float(ll) for sample in samples for ll, _ in sample["filtered_resps"])
    return run


def hub_coqa(conversation: dict) -> dict:
    """The official JSON's lists of turns as the columns of EleutherAI/coqa (lm-eval v0.3.0, datasets/coqa/coqa.py)."""
    def column(turns):
        return {"input_text": [turn["input_text"] for turn in turns]}

    return {"id": conversation["id"], "story": conversation["story"],
            "questions": column(conversation["questions"]), "answers": column(conversation["answers"]),
            "additional_answers": {k: column(v) for k, v in conversation["additional_answers"].items()}}


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


def run_wikitext(path: Path) -> dict:
    pages = split_pages(path)
    run = run_harness("wikitext/wikitext.yaml", {s: [{"page": p} for p in pages] for s in ("train", "validation", "test")})
    run.pop("samples")
    run["words"] = sum(len(re.split(r"\s+", page)) for page in pages)
    run["bytes"] = sum(len(page.encode("utf-8")) for page in pages)
    return run


def jsonl(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# ---------------------------------------------------------------------------------------------
# The parts of golden.json


def multiple_choice_cases() -> list[dict]:
    """Log-likelihoods chosen so that each wrong way of counting lengths or breaking ties answers differently."""
    cases = [
        ("characters", ["🍎🍎🍎🍎", "apples"], [-8.0, -11.0], 1),
        ("bytes", ["éééé", "pear"], [-8.0, -5.0], 0),
        ("no leading space", ["a", "abcd"], [-3.0, -8.0], 1),
        ("tie", ["one", "two", "six"], [-2.0, -1.5, -1.5], 1),
        ("tie in the norm", ["ab", "abcd", "x"], [-2.0, -4.0, -1.0], 0),
        ("combining", ["e\u0301e\u0301", "abc"], [-6.0, -5.0], 0),
    ]
    task = run_task_object()
    out = []
    for name, choices, lls, gold in cases:
        doc = {"question": "?", "choices": {"text": choices, "label": [str(i) for i in range(len(choices))]},
               "answerKey": str(gold)}
        scores = task.process_results(doc, [(ll, False) for ll in lls])
        out.append({"name": name, "choices": choices, "lls": lls, "gold": gold,
                    **{k: float(v) for k, v in scores.items()}})
    return out


def run_task_object() -> ConfigurableTask:
    config = load_yaml(TASKS / "arc/arc_easy.yaml")
    folder = tempfile.mkdtemp()
    path = Path(folder) / "rows.jsonl"
    path.write_text((EVAL / "fixtures/arc.jsonl").read_text(encoding="utf-8"))
    config.update(dataset_path="json", dataset_name=None,
                  dataset_kwargs={"data_files": {s: str(path) for s in ("train", "validation", "test")}, "cache_dir": folder},
                  metric_list=config["metric_list"] + [ACC_BYTES])
    config.pop("tag", None)
    return ConfigurableTask(config=config)


def answer_cases() -> list[dict]:
    cases = [
        (["a", "a", "a", "b"], "a"),
        (["hen", "barn"], "hen"),
        (["the bus", "a bus", "bus", "She took the bus."], "a bus"),
        (["the bus"], "THE big  bus!"),
        (["red hat"], "a red red coat"),
        (["the"], "a"),
        (["thé"], "the thé"),
        (["a\u00e9roport"], "aeroport"),
        (["l'an"], "an l'an"),
        (["an_a a"], "an_a"),
        (["mid\u2019day the\u2019s"], "mid\u2019day \u2019s"),
        (["two words"], "two\u001cwords"),
        (["two words"], "two\ufeffwords"),
        (["two words"], "two\u0085words"),
        (["Ⅳ the² x"], "ⅳ the² X"),
        (["\u0130stanbul"], "i\u0307stanbul"),
        (["ΟΔΟΣ"], "οδος"),
        (["你好。"], "你好"),
        (["1,000.5"], "10005"),
        (["yes", "no", "unknown"], ""),
        ([""], "the"),
    ]
    return [{"refs": refs, "pred": pred, **{k: float(v) for k, v in coqa_utils.compute_scores(refs, pred).items()},
             "normalized": squad_metrics.normalize_answer(pred)} for refs, pred in cases]


def random_cases() -> dict:
    def samples(seed, n, k, times):
        rnd = random.Random(seed)
        return {"seed": seed, "n": n, "k": k, "samples": [rnd.sample(range(n), k) for _ in range(times)]}

    rnd = random.Random(1234)
    words = [rnd.getrandbits(32) for _ in range(2000)]
    return {
        "first": words[:3], "last_of_2000": words[-1],
        "bits": [random.Random(7).getrandbits(k) for k in (1, 5, 12, 32)],
        "samples": [samples(1234, 2251, 5, 3), samples(1234, 1119, 25, 1), samples(1234, 20, 5, 2), samples(1234, 21, 5, 2),
                    samples(1234, 22, 5, 2), samples(1234, 50, 6, 2), samples(1234, 85, 6, 1), samples(1234, 86, 6, 1), samples(0, 5, 5, 2),
                    samples(4294967295, 8, 3, 2), samples(1234, 1, 1, 1)],
    }


def detokenize_cases() -> list[dict]:
    pages = [
        "dogs ' toys , it 's",
        "33 @.@ 5 , 1 @,@ 000 , well @-@ known",
        "( a ) [ b ] { c } ( d",
        'he said " so " and " this',
        "one \n two",
        "= = = Sub = = = , = = Sub = = , = = = = Sub",
        "20 ° C N fish",
        "a : b ; c . d ! e ? f . . g",
        "the end .\n",
        "the year ' 5 stays",
        "see /' 5/ now",
        "Ann 's and Bo 's",
        "(\n a\n b\u00a0) [\u001cc ]",
        "' a \" b ' c \"",
    ]
    return [{"from": page, "to": wikitext_detokenizer({"page": page})} for page in pages]


def stats_cases() -> dict:
    values = [0.0, 1.0, 1.0, 0.25, 0.5, 1.0, 0.0]

    def exact(b, c):
        return float(mcnemar([[0, b], [c, 0]], exact=True).pvalue)

    graded = [0.5, -0.2, 0.3, 0.0, 0.1, -0.4, 0.25]
    swaps = scipy.stats.permutation_test((numpy.array(graded), numpy.zeros(7)), lambda x, y: (x - y).mean(),
                                         permutation_type="samples", n_resamples=numpy.inf)
    return {
        "randomization": {"values": graded, "p": float(swaps.pvalue)},
        "mean_stderr": {"values": values, "stderr": mean_stderr(values)},
        "wilson": [{"successes": k, "n": n, "ci": [float(x) for x in proportion_confint(k, n, method="wilson")]}
                   for k, n in [(122, 200), (117, 200), (181, 200), (7192, 7600), (0, 10), (10, 10), (1, 3)]],
        "mcnemar": [{"lost": b, "gained": c, "p": exact(b, c)}
                    for b, c in [(5, 15), (1, 5), (0, 6), (0, 0), (10, 10), (70, 40), (1500, 1400), (3000, 2000), (0, 2000)]],
        "student_p": [{"t": t, "df": df, "p": float(2 * scipy.stats.t.sf(t, df))}
                      for t, df in [(0.0, 3), (1.0, 1), (3.182446, 3), (2.0, 61), (12.0, 7), (0.1, 500)]],
        "student_quantile": [{"df": df, "t": float(scipy.stats.t.ppf(0.975, df))} for df in (1, 2, 3, 9, 61, 500)],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    data = parser.parse_args().data

    arc = jsonl(EVAL / "fixtures/arc.jsonl")
    coqa = json.loads((EVAL / "fixtures/coqa.json").read_text(encoding="utf-8"))["data"]
    own = {"training_split": None, "validation_split": None}
    conversations = [hub_coqa(c) for c in coqa]
    # Under other ids: the harness drops an example that is the doc itself, id and all.
    coqa_splits = {"train": [{**c, "id": f"train_{c['id']}"} for c in conversations], "validation": conversations}
    golden = {
        "written_by": {
            "script": "tools/make_eval_goldens.py", "lm_eval": "0.4.13", "transformers": transformers.__version__,
            "datasets": datasets.__version__, "numpy": numpy.__version__, "scipy": scipy.__version__,
            "statsmodels": statsmodels.__version__, "python": sys.version.split()[0],
        },
        "random": random_cases(),
        "stats": stats_cases(),
        "multiple_choice": multiple_choice_cases(),
        "answers": answer_cases(),
        "detokenize": detokenize_cases(),
        "arc": {str(k): run_arc({"train": arc, "validation": arc, "test": arc}, num_fewshot=k) for k in (0, 2)},
        "arc_own_pool": run_arc({"test": arc}, num_fewshot=3, fewshot_split="test", **own),
        "coqa": {},
        "wikitext": run_wikitext(EVAL / "fixtures/wiki.raw"),
    }
    for k in (0, 2):
        run = run_harness("coqa/default.yaml", coqa_splits, num_fewshot=k)
        run["items"] = [{"em": float(s["em"]), "f1": float(s["f1"])} for s in run.pop("samples")]
        golden["coqa"][str(k)] = run
    if data:
        golden["real"] = {"wikitext": run_wikitext(data / "wikitext/wiki.test.raw")}
        for name, k, limit in (("Easy", 0, None), ("Easy", 5, None), ("Challenge", 0, None), ("Challenge", 25, 60)):
            splits = {s: jsonl(data / f"ARC/ARC-{name}-{s}.jsonl") for s in ("train", "validation", "test")}
            golden["real"][f"arc_{name.lower()}_{k}"] = run_arc(splits, num_fewshot=k, limit=limit)
    else:
        golden["real"] = json.loads((EVAL / "golden.json").read_text(encoding="utf-8"))["real"]
    (EVAL / "golden.json").write_text(json.dumps(golden, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
