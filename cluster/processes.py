"""What runs below a node of a cluster on this machine, as /proc knows it, and how it is ended."""

import os
import signal
from pathlib import Path

LAB = ["node", str(Path(__file__).resolve().parent.parent / "built" / "lab" / "main.js")]


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(after[1]), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def labs_below(pid: int) -> dict[int, str]:
    """The command lines of the lab that run below a process, by their process ids, with the shard of each."""
    found = {}
    for one in descendants(pid):
        try:
            words = Path(f"/proc/{one}/cmdline").read_text().split("\0")
        except OSError:
            continue
        if LAB[1] in words and "--shard" in words:
            found[one] = words[words.index("--shard") + 1]
    return found


def raylet_of(node) -> int:
    """The process that everything of a node runs below."""
    return node.all_processes["raylet"][0].process.pid


def kill(pids: list[int]) -> list[int]:
    """Ends processes at once, without a word to them."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return pids
