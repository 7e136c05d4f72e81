"""What lm-evaluation-harness 0.4.13's CoQA scorer imports from transformers.data.metrics, which version 5 has no more.

Imported before the harness, it puts a module of these two functions in its place, where there is none; `SHIMMED` says so.
They are SQuAD's scores of a pair of texts (Rajpurkar et al. 2016), written for this project; src/eval/squad.ts has the same,
held against goldens that transformers 4.57 wrote.
"""

import importlib.util
import re
import string
import sys
import types
from collections import Counter

SHIMMED = importlib.util.find_spec("transformers.data.metrics") is None


def words(text: str) -> list[str]:
    kept = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def compute_exact(gold: str, pred: str) -> int:
    return int(words(gold) == words(pred))


def compute_f1(gold: str, pred: str) -> float:
    ours, theirs = words(gold), words(pred)
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(theirs), shared / len(ours)
    return 2 * precision * recall / (precision + recall)


if SHIMMED:
    metrics = types.ModuleType("transformers.data.metrics")
    squad_metrics = types.ModuleType("transformers.data.metrics.squad_metrics")
    squad_metrics.compute_exact, squad_metrics.compute_f1 = compute_exact, compute_f1
    metrics.squad_metrics = squad_metrics
    sys.modules["transformers.data.metrics"] = metrics
    sys.modules["transformers.data.metrics.squad_metrics"] = squad_metrics
