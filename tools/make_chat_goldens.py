"""Writes test/golden/harness/chat.json: prompts and scores of lm-evaluation-harness 0.4.13 through chat templates.

    pip install -r requirements-chat.txt
    python make_chat_goldens.py

The templates are those of test/fixtures/chat, written for this project after the constructs that published ones use, each
with the tokenizer of tiny-llama (which begins every text with BOS). The harness' own HFLM renders them by transformers:
`prompts` are what a scripted model is asked over test/fixtures/eval, a digest of each run and its first prompt in full, in
every way its options go together; `scores` are those of the tiny models of make_harness_goldens.py. `snippets` are
templates of one construct each, with what transformers makes of them. The time that templates ask for is TIME.
"""

import datetime
import hashlib
import json
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

# The harness' CoQA scorer imports a module that transformers 5 has no more; only its prompts are wanted here.
import squad_metrics_shim  # noqa: F401
import jinja2
import transformers.utils.chat_template_utils as chat_template_utils
from harness import coqa_conversations, hub_coqa, jsonl, open_lm, run_arc, run_harness
from lm_eval.models.huggingface import HFLM
from scripted_model import ScriptedModel
from transformers import AutoTokenizer

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "test/fixtures/eval"
TEMPLATES = ROOT / "test/fixtures/chat"
MODELS = ROOT / "test/golden/harness/models"
TIME = datetime.datetime(2026, 2, 3, 14, 5, 6)
INSTRUCTION = "Be brief, and say “so”."


class FixedTime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return TIME


chat_template_utils.datetime = FixedTime


class ChatModel(ScriptedModel):
    """A scripted model that renders as the harness' HFLM does, and remembers its first prompt."""

    apply_chat_template = HFLM.apply_chat_template
    chat_template_args: dict = {}

    def __init__(self, tokenizer):
        super().__init__()
        self.tokenizer = tokenizer
        self.first = None

    @property
    def tokenizer_name(self) -> str:
        return "tiny"

    def note(self, *texts: str) -> None:
        self.first = self.first or texts[0]
        super().note(*texts)


def with_template(model: str, template: str, folder: Path) -> Path:
    """A copy of a tiny model with this template beside it."""
    copy = folder / f"{model}-{template}"
    shutil.copytree(MODELS / model, copy)
    (copy / "chat_template.jinja").write_bytes((TEMPLATES / f"{template}.jinja").read_bytes())
    return copy


OPTIONS = {
    "plain": {"apply_chat_template": True},
    "instruction": {"apply_chat_template": True, "system_instruction": INSTRUCTION},
}
ARC = jsonl(FIXTURES / "arc.jsonl")
SPLITS = {"train": ARC, "validation": ARC, "test": ARC}


def mmlu_splits() -> dict:
    import csv

    def rows(split: str) -> list[dict]:
        with open(FIXTURES / f"mmlu_{split}.csv", encoding="utf-8", newline="") as file:
            return [
                {
                    "question": row["question"],
                    "subject": row["subject"],
                    "choices": [row[f"choice{i}"] for i in range(4)],
                    "answer": int(row["answer"]),
                }
                for row in csv.DictReader(file)
                if row["subject"] == "virology"
            ]

    return {"test": rows("test"), "dev": rows("dev")}


def runs() -> dict:
    """By name: how a model is asked. The names say what the test must ask in the same way."""
    coqa = [hub_coqa(c) for c in coqa_conversations(FIXTURES / "coqa_domains.json")]
    train = [{**row, "id": f"train_{row['id']}"} for row in coqa]
    conversations = {"train": train, "validation": coqa}
    asked = {}
    for name, options in OPTIONS.items():
        for multiturn in (True, False):
            way = {**options, "fewshot_as_multiturn": multiturn}
            key = f"{name},{'turns' if multiturn else 'one'}"
            asked[f"arc_easy,2,{key}"] = lambda lm, way=way: run_arc(lm, SPLITS, num_fewshot=2, chat=way)
            asked[f"mmlu_virology,1,{key}"] = lambda lm, way=way: run_harness(
                lm, "mmlu/default/mmlu_virology.yaml", mmlu_splits(), num_fewshot=1, chat=way
            )
            asked[f"coqa,1,{key}"] = lambda lm, way=way: run_harness(
                lm, "coqa/default.yaml", conversations, num_fewshot=1, chat=way
            )
    return asked


def prompts(tokenizer) -> dict:
    out = {}
    for name, run in runs().items():
        model = ChatModel(tokenizer)
        run(model)
        out[name] = {"asked_sha256": model.asked.hexdigest()}
        if name.endswith("instruction,turns") and not name.startswith("coqa"):
            out[name]["first"] = model.first
    return out


def scores(lm) -> list[dict]:
    run = run_arc(lm, SPLITS, chat={"apply_chat_template": True, "fewshot_as_multiturn": True})
    return {
        "n": run["n"],
        "values": run["values"],
        "items": [
            {
                "doc_id": s["doc_id"],
                "lls": [float(f"{float(ll):.8g}") for ll, _ in s["filtered_resps"]],
                **{name: int(s[name]) for name in ("acc", "acc_norm", "acc_bytes")},
            }
            for s in run["samples"]
        ],
    }


CONVERSATION = [
    {"role": "system", "content": ' Be "brief" <b>é 🍎\n\n'},
    {"role": "user", "content": "Q1?\nAnswer:"},
    {"role": "assistant", "content": "\u001c yes \ufeff"},
    {"role": "user", "content": "Q2"},
]


def snippets() -> list[dict]:
    """Templates of one line each; `text` of what transformers renders, `refused` where the template refuses."""
    out = []
    for template in json.loads((Path(__file__).parent / "chat_snippets.json").read_text(encoding="utf-8")):
        row = {"template": template}
        try:
            rendered, _ = chat_template_utils.render_jinja_template(
                conversations=[CONVERSATION], chat_template=template, add_generation_prompt=True, bos_token="<s>"
            )
            row["text"] = rendered[0]
        except jinja2.exceptions.TemplateError:
            row["refused"] = True
        except Exception as error:
            row["error"] = type(error).__name__
        out.append(row)
    return out


def main() -> None:
    packages = ("lm_eval", "transformers", "tokenizers", "jinja2", "datasets", "torch")
    golden = {
        "written_by": {
            "script": "tools/make_chat_goldens.py",
            **{name: version(name) for name in packages},
            "python": sys.version.split()[0],
        },
        "time": TIME.isoformat(),
        "instruction": INSTRUCTION,
        "prompts": {},
        "scores": {},
        "conversation": CONVERSATION,
        "snippets": snippets(),
    }
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(TEMPLATES.glob("*.jinja")):
            copy = with_template("tiny-llama", path.stem, Path(folder))
            golden["prompts"][path.stem] = prompts(AutoTokenizer.from_pretrained(copy))
        for model, template in (("tiny-llama", "gemma"), ("tiny-qwen2", "smollm2"), ("tiny-llama", "phi3")):
            copy = with_template(model, template, Path(folder) / "scores")
            golden["scores"][f"{model} {template}"] = scores(open_lm(copy))
    out = ROOT / "test/golden/harness/chat.json"
    out.write_text(json.dumps(golden, ensure_ascii=False) + "\n", encoding="utf-8")
    print(out, out.stat().st_size, file=sys.stderr)


if __name__ == "__main__":
    main()
