"""Write test/golden/eval.json: what lm-evaluation-harness, CPython, scipy and statsmodels compute.

    pip install lm-eval==0.4.13 "transformers<5" "datasets<4" scipy statsmodels scikit-learn
    python make_eval_goldens.py [--data DIR] [--official evaluate-v1.0.py] && npx prettier --write ../test/golden/eval.json

The harness runs its own task files over test/fixtures/eval and, with --data, over the real ARC, MMLU, AG News and WikiText
files; their numbers go under "real" and stay as they are without --data. --official is CoQA's own script
(stanfordnlp/coqa-baselines, scripts/evaluate-v1.0.py); its numbers stay without it. It asks a scripted model whose every score depends
on every character of the prompt and is a multiple of 1/16, so that sums are exact and a test in another language can
demand equality.
"""

import argparse
import csv
import hashlib
import json
import random
import sys
import tempfile
from pathlib import Path

import datasets
import numpy
import scipy.stats
import sklearn
import statsmodels
import statsmodels.api
import transformers
from harness import (
    ACC_BYTES,
    TASKS,
    arc_splits,
    coqa_conversations,
    hub_coqa,
    jsonl,
    mmlu_subjects,
    official_coqa,
    page_splits,
    run_arc,
    run_harness,
    run_mmlu,
    split_pages,
    words_and_bytes,
)
from lm_eval.api.metrics import mean_stderr, pooled_sample_stderr
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml
from lm_eval.tasks.coqa import utils as coqa_utils
from lm_eval.tasks.wikitext.preprocess_wikitext import wikitext_detokenizer
from scripted_model import ANSWERS, SEPARATOR, ScriptedModel, hash_text
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint
from transformers.data.metrics import squad_metrics

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "test/fixtures/eval"
GOLDEN = HERE.parent / "test/golden/eval.json"


# ---------------------------------------------------------------------------------------------
# Asking the scripted model


def ask(run, *args, **options) -> dict:
    """One of harness.py's runs with a new scripted model; samples are left out, a digest of all that was asked is kept."""
    model = ScriptedModel()
    asked = run(model, *args, **options)
    samples = asked.pop("samples")
    asked["asked_sha256"] = model.asked.hexdigest()
    if run is run_arc:
        asked["sum_of_lls"] = sum_of_lls(samples)
    return asked


def sum_of_lls(samples: list[dict]) -> float:
    return sum(float(ll) for sample in samples for ll, _ in sample["filtered_resps"])


def ask_coqa(splits: dict, num_fewshot: int) -> dict:
    model = ScriptedModel()
    run = run_harness(model, "coqa/default.yaml", splits, num_fewshot=num_fewshot)
    run["asked_sha256"] = model.asked.hexdigest()
    run["items"] = [{"em": float(s["em"]), "f1": float(s["f1"])} for s in run.pop("samples")]
    return run


def ask_wikitext(path: Path) -> dict:
    pages = split_pages(path)
    return {**ask(run_harness, "wikitext/wikitext.yaml", page_splits(pages)), **words_and_bytes(pages)}


def ask_mmlu(data: Path, num_fewshot: int, limit: int | None) -> dict:
    """All 57 subjects one after the other; the digest goes over all of them."""
    model = ScriptedModel()
    run = run_mmlu(model, data, mmlu_subjects(data), num_fewshot=num_fewshot, limit=limit)
    subjects = run["subjects"].values()
    return {
        "n": sum(subject["n"] for subject in subjects),
        "values": run["values"],
        "asked_sha256": model.asked.hexdigest(),
        "sum_of_lls": sum(sum_of_lls(subject["samples"]) for subject in subjects),
        "subjects": {name: subject["values"] for name, subject in run["subjects"].items()},
    }


def ask_official(script: Path) -> dict:
    """The scripted model's answers to every turn, cut as the harness cuts them, by CoQA's own script."""
    path = FIXTURES / "coqa_domains.json"
    turns = [(c["id"], turn["turn_id"]) for c in coqa_conversations(path) for turn in c["questions"]]
    texts = [ANSWERS[i % len(ANSWERS)].split("\nQ:")[0] for i in range(len(turns))]
    preds = [
        {"id": id_, "turn_id": turn_id, "answer": text.strip().split("\n")[0]}
        for (id_, turn_id), text in zip(turns, texts, strict=True)
    ]
    return official_coqa(script, path, preds)


def ask_ag_news(path: Path) -> dict:
    """The scripted model's classes, scored by scikit-learn: the harness has no such task."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row[0] != "class"]
    asked = hashlib.sha256()
    golds, preds = [], []
    for label, title, description in rows:
        text = f"{title} {description}"
        asked.update((text + SEPARATOR).encode("utf-8"))
        state = hash_text(text)
        preds.append(int(numpy.argmax([(state * factor) % 101 / 16 for factor in (3, 5, 7, 11)])))
        golds.append(int(label) - 1)
    return {"n": len(rows), "asked_sha256": asked.hexdigest(), **classes_by_sklearn(golds, preds)}


def classes_by_sklearn(golds: list[int], preds: list[int]) -> dict:
    labels = sorted({*golds, *preds})
    each = precision_recall_fscore_support(golds, preds, zero_division=0)
    macro = precision_recall_fscore_support(golds, preds, average="macro", zero_division=0)
    return {
        "values": {
            "acc": float(accuracy_score(golds, preds)),
            "acc_stderr": mean_stderr([float(gold == pred) for gold, pred in zip(golds, preds, strict=True)]),
            **{f"macro_{name}": float(value) for name, value in zip(("precision", "recall", "f1"), macro[:3], strict=True)},
        },
        "classes": [
            {"label": label, "precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)}
            for label, p, r, f, s in zip(labels, *each, strict=True)
        ],
    }


# ---------------------------------------------------------------------------------------------
# The parts of golden.json


def classes_cases() -> list[dict]:
    """A class that is never answered, one that never is, one answer for all, ties and all right."""
    cases = [([0, 0, 1], [0, 1, 1]), ([0, 1, 2], [0, 0, 0]), ([0, 0, 1], [0, 3, 1]), ([2, 2], [2, 2]), ([1, 0], [0, 1]),
             ([0, 1, 2, 3, 0, 1, 2, 3, 3], [0, 1, 2, 3, 1, 1, 0, 3, 2])]
    return [{"golds": golds, "preds": preds, **classes_by_sklearn(golds, preds)} for golds, preds in cases]


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
    path.write_text((FIXTURES / "arc.jsonl").read_text(encoding="utf-8"))
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
    clusters = [[1.0, 1.0, 0.0], [0.0, 0.0], [1.0, 0.5, 0.25, 1.0], [0.0], [1.0, 1.0]]
    flat = [value for own in clusters for value in own]
    of = [i for i, own in enumerate(clusters) for _ in own]
    clustered = statsmodels.api.OLS(flat, numpy.ones(len(flat))).fit(cov_type="cluster", cov_kwds={"groups": numpy.array(of)})
    pooled = [[1.0, 0.0, 1.0], [1.0, 1.0], [0.0, 1.0, 0.0, 0.0, 1.0]]
    return {
        "clustered": {"clusters": clusters, "stderr": float(clustered.bse[0])},
        "pooled": {"groups": pooled, "stderr": float(pooled_sample_stderr([mean_stderr(g) for g in pooled], [len(g) for g in pooled]))},
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
    parser.add_argument("--official", type=Path)
    options = parser.parse_args()

    arc = jsonl(FIXTURES / "arc.jsonl")
    conversations = [hub_coqa(c) for c in coqa_conversations(FIXTURES / "coqa.json")]
    own = {"training_split": None, "validation_split": None}
    # Under other ids: the harness drops an example that is the doc itself, id and all.
    coqa_splits = {"train": [{**c, "id": f"train_{c['id']}"} for c in conversations], "validation": conversations}
    before = json.loads((GOLDEN).read_text(encoding="utf-8"))
    golden = {
        "written_by": {
            "script": "tools/make_eval_goldens.py", "lm_eval": "0.4.13", "transformers": transformers.__version__,
            "datasets": datasets.__version__, "numpy": numpy.__version__, "scipy": scipy.__version__,
            "statsmodels": statsmodels.__version__, "sklearn": sklearn.__version__, "python": sys.version.split()[0],
        },
        "random": random_cases(),
        "stats": stats_cases(),
        "multiple_choice": multiple_choice_cases(),
        "answers": answer_cases(),
        "detokenize": detokenize_cases(),
        "classes": classes_cases(),
        "arc": {str(k): ask(run_arc, {"train": arc, "validation": arc, "test": arc}, num_fewshot=k) for k in (0, 2)},
        "arc_own_pool": ask(run_arc, {"test": arc}, num_fewshot=3, fewshot_split="test", **own),
        "coqa": {str(k): ask_coqa(coqa_splits, k) for k in (0, 2)},
        "coqa_official": ask_official(options.official) if options.official else before["coqa_official"],
        "ag_news": ask_ag_news(FIXTURES / "ag_news.csv"),
        "wikitext": ask_wikitext(FIXTURES / "wiki.raw"),
        "real": ask_real(options.data) if options.data else before["real"],
    }
    (GOLDEN).write_text(json.dumps(golden, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def ask_real(data: Path) -> dict:
    return {
        "wikitext": ask_wikitext(data / "wikitext/wiki.test.raw"),
        **{
            f"arc_{name.lower()}_{k}": ask(run_arc, arc_splits(data, name), num_fewshot=k, limit=limit)
            for name, k, limit in (("Easy", 0, None), ("Easy", 5, None), ("Challenge", 0, None), ("Challenge", 25, 60))
        },
        "mmlu_0": ask_mmlu(data, 0, None),
        "mmlu_5": ask_mmlu(data, 5, None),
        "ag_news": ask_ag_news(data / "AGNews/test.csv"),
    }


if __name__ == "__main__":
    main()
