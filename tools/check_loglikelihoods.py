"""Holds a result's multiple-choice log-likelihoods against transformers on the CPU in float32.

    python tools/check_loglikelihoods.py RESULT.json MODEL_DIR ARC.jsonl

Every item of the first task of the first unquantized configuration is asked again with
AutoModelForCausalLM; exit status 1 if any log-likelihood differs by more than 1e-3.
"""

import json
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

BOUND = 1e-3


def loglikelihood(model, tokenizer, context: str, continuation: str) -> float:
    """Sum of log-probabilities of the continuation's tokens, split off by position as lm-evaluation-harness does."""
    whole = tokenizer(context + continuation)["input_ids"]
    begin = len(tokenizer(context)["input_ids"])
    with torch.no_grad():
        logits = model(torch.tensor([whole[:-1]])).logits[0]
    logprobs = torch.log_softmax(logits, dim=-1)
    return sum(logprobs[i - 1, whole[i]].item() for i in range(begin, len(whole)))


def main() -> int:
    result_path, model_dir, arc_path = sys.argv[1:]
    result = json.load(open(result_path))
    docs = [json.loads(line) for line in open(arc_path)]
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    model = AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.float32).eval()
    run = next(r for r in result["runs"] if r["config"] == {"quant_type": "none", "compute_dtype": "float32"})
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    worst = 0.0
    for item in run["tasks"][0]["items"]:
        doc = docs[item["doc_id"]]
        context = f"Question: {doc['question']}\nAnswer:"
        for choice, ours in zip(doc["choices"]["text"], item["lls"], strict=True):
            theirs = loglikelihood(model, tokenizer, context, " " + choice)
            worst = max(worst, abs(ours - theirs))
            if abs(ours - theirs) > BOUND:
                print(f"doc_id {item['doc_id']}, {choice!r}: {ours} here, {theirs} by transformers")
    print(f"{len(run['tasks'][0]['items'])} items, worst difference {worst:.2e}, allowed {BOUND}")
    return int(worst > BOUND)


if __name__ == "__main__":
    sys.exit(main())
