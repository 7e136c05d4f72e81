"""Answers a Nibble experiment on every GPU that Ray knows, shard by shard, and merges the parts.

    python cluster/nibble_ray.py SPEC.json --shards 40 --out RESULT.json [--parts DIR] [--model DIR] [--data DIR]

Alone it uses this machine; with `ray start` on other machines, or as a Ray job, it uses theirs. A shard runs in a
process of its own, one a GPU. Parts that are there already are not run again, so the same command goes on after
whatever ended it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ray

ROOT = Path(__file__).resolve().parent.parent
LAB = ["node", str(ROOT / "built" / "lab" / "main.js")]

# What the command line ends with: a measurement that failed may succeed elsewhere, bad input fails everywhere.
DONE, BAD_INPUT = 0, 2


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Answers a Nibble experiment on every GPU that Ray knows.")
    parser.add_argument("spec", help="a spec as a file, its model pinned by `lab shards --out`")
    parser.add_argument("--shards", type=int, required=True, help="how many; `lab shards` proposes a number")
    parser.add_argument("--out", required=True, help="where the merged result is written")
    parser.add_argument("--parts", help="where parts are kept; a folder beside the result unless given")
    parser.add_argument("--model", help="the folder of a local model, the same path on every machine")
    parser.add_argument("--data", help="the folder of task data, likewise")
    parser.add_argument("--mixed", action="store_true", help="let different kinds of GPU share the work")
    parser.add_argument("--address", help="a running Ray cluster; this machine alone unless given")
    parser.add_argument("--gpus", type=int, default=1, help="GPUs of this machine, where it works alone")
    return parser.parse_args()


@ray.remote(num_gpus=1, max_retries=3)
def answer(index: int, of: int, spec: str, options: list[str]) -> tuple[int, str, bytes]:
    """Runs one shard; its exit status, what it said last, and its result."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "spec.json"), Path(folder, "part.json")
        source.write_text(spec)
        command = [*LAB, "run", str(source), "--runtime", "node", "--out", str(out)]
        command += ["--shard", f"{index}/{of}", *options]
        child = subprocess.run(command, capture_output=True, text=True)
        said = child.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        return child.returncode, said[0], out.read_bytes() if child.returncode == DONE else b""


def is_done(part: Path, index: int, of: int) -> bool:
    """True for the finished result of this very shard."""
    try:
        result = json.loads(part.read_text())
    except (OSError, ValueError):
        return False
    shard = result.get("shard", {})
    return result.get("state") == "done" and (shard.get("index"), shard.get("of")) == (index, of)


def keep(part: Path, result: bytes) -> None:
    """Writes a part whole or not at all."""
    beside = part.with_suffix(".tmp")
    beside.write_bytes(result)
    os.replace(beside, part)


def collect(todo: list[int], asked: argparse.Namespace, parts: Path) -> dict[int, str]:
    """Runs the shards, and writes each part as it comes home; those that failed, and why."""
    options = [word for name in ("model", "data") if (path := getattr(asked, name)) for word in (f"--{name}", path)]
    options += ["--mixed"] if asked.mixed else []
    spec = Path(asked.spec).read_text()
    begin = lambda index: answer.remote(index, asked.shards, spec, options)
    running = {begin(index): index for index in todo}
    again, failed, began = set(todo), {}, time.monotonic()
    while running:
        (ready,), _ = ray.wait(list(running))
        index = running.pop(ready)
        try:
            status, said, result = ray.get(ready)
        except ray.exceptions.RayError as error:
            status, said, result = 1, f"its worker was lost: {type(error).__name__}", b""
        if status == DONE:
            keep(parts / f"{index}.json", result)
        elif status == BAD_INPUT:
            sys.exit(f"shard {index}: {said}")
        elif index in again:
            again.remove(index)
            running[begin(index)] = index
            print(f"shard {index} is begun again: {said}", flush=True)
            continue
        else:
            failed[index] = said
        home = len(todo) - len(running) - len(failed)
        left = (time.monotonic() - began) / max(1, home) * len(running) / 60
        gpus = int(ray.cluster_resources().get("GPU", 0))
        print(f"{home} of {len(todo)} parts, {gpus} GPUs, about {left:.0f} min left", flush=True)
    return failed


def main() -> int:
    asked = arguments()
    parts = Path(asked.parts or f"{asked.out.removesuffix('.json')}.parts")
    parts.mkdir(parents=True, exist_ok=True)
    todo = [i for i in range(asked.shards) if not is_done(parts / f"{i}.json", i, asked.shards)]
    if len(todo) < asked.shards:
        print(f"{asked.shards - len(todo)} of {asked.shards} parts are here already", flush=True)
    if todo:
        where = {"address": asked.address} if asked.address else {"num_gpus": asked.gpus}
        if "RAY_ADDRESS" in os.environ:
            where = {}
        ray.init(log_to_driver=False, **where)
        for index, why in collect(todo, asked, parts).items():
            print(f"shard {index} failed: {why}", file=sys.stderr)
    files = [str(parts / f"{i}.json") for i in range(asked.shards) if (parts / f"{i}.json").exists()]
    if not files:
        return 1
    mixed = ["--mixed"] if asked.mixed else []
    return subprocess.run([*LAB, "merge", asked.spec, *files, "--out", asked.out, *mixed]).returncode


if __name__ == "__main__":
    sys.exit(main())
