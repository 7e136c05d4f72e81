"""A model whose every score depends on every character of the prompt and is a multiple of 1/16, so that sums are exact and
a test in another language can demand equality; test/fixtures/scripted_model.ts is the same in TypeScript.
"""

import hashlib

from lm_eval.api.model import LM

SEPARATOR = "\x1f"


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
