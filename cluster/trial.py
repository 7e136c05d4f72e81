"""The full trial on this machine: two nodes, and what may die, killed in mid-part. Prints a table in Markdown.

    python cluster/trial.py [--shards 6]        needs Ray and `npm run build:lab`; eight minutes on two cores without a GPU

Every part is held against one run of the whole: nothing may be lost, doubled or otherwise.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import ray
from processes import LAB, descendants, kill, labs_below, raylet_of
from ray.cluster_utils import Cluster
from test_cluster import answers

DRIVER = [sys.executable, str(Path(__file__).resolve().parent / "nibble_ray.py")]
SPEC = {
    "version": 1,
    "title": "The cluster trial",
    "model": {"source": "bundled", "name": "nibble-tiny"},
    "configs": [{"quant_type": "none"}, {"quant_type": "nf4", "blocksize": 64}],
    "tasks": [{"task": "mini_arc", "limit": 48}, {"task": "mini_text", "limit": 6}],
    "seed": 7,
}
#: Seconds after which a part is in its middle: the kernels are checked, and answers are coming.
MIDDLE = 3


class Watch(threading.Thread):
    """Sees which parts run where and for how long, several times a second."""

    def __init__(self, nodes: list):
        super().__init__(daemon=True)
        self.nodes = nodes
        #: By process: its shard, its node, when it was first and last seen.
        self.seen: dict[int, list] = {}
        self.over = False

    def run(self) -> None:
        while not self.over:
            now = time.monotonic()
            for place, node in enumerate(self.nodes):
                for pid, shard in labs_below(raylet_of(node)).items():
                    self.seen.setdefault(pid, [shard, place, now, now])[3] = now
            time.sleep(0.1)

    def running(self, place: int) -> list[int]:
        """The parts of a node that are in their middle."""
        now = time.monotonic()
        return [
            pid for pid, (_, where, begun, last) in list(self.seen.items())
            if where == place and now - last < 0.5 and now - begun > MIDDLE
        ]

    def gaps(self) -> list[float]:
        """Seconds between two parts of a node."""
        found = []
        for place in range(len(self.nodes)):
            spans = sorted((begun, last) for _, where, begun, last in self.seen.values() if where == place)
            found += [after[0] - before[1] for before, after in zip(spans, spans[1:])]
        return found


def until(true, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing to kill came up"
        time.sleep(0.1)


def trial(what: str, cluster: Cluster, folder: Path, shards: int, whole: dict, harm) -> dict:
    """Answers the spec on two fresh nodes while `harm` does its part; what became of it, as a row."""
    nodes = [cluster.add_node(num_gpus=1, num_cpus=1) for _ in range(2)]
    watch = Watch(nodes)
    watch.start()
    out = folder / f"{what.replace(' ', '_')}.json"
    parts = folder / f"{out.stem}.parts"
    command = [*DRIVER, str(folder / "spec.json"), "--shards", str(shards), "--out", str(out), "--address", cluster.address]
    begun = time.monotonic()
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    killed = harm(driver, nodes, watch, parts)
    said = driver.communicate()[1]
    left = 0
    if driver.returncode < 0:
        time.sleep(5)
        left = sum(len(labs_below(raylet_of(node))) for node in nodes)
        again = subprocess.run(command, capture_output=True, text=True)
        assert "parts are here already" in again.stdout, again.stdout + again.stderr
        said, code = again.stderr, again.returncode
    else:
        code = driver.returncode
    seconds = time.monotonic() - begun
    watch.over = True
    watch.join()
    assert code == 0, said
    result = json.loads(out.read_text())
    got, wanted = answers(result), answers(whole)
    for node in cluster.worker_nodes & set(nodes):
        cluster.remove_node(node, allow_graceful=False)
    return {
        "what": what,
        "parts": shards,
        "starts": len(watch.seen),
        "kills": killed,
        "left": left,
        "lost": len(set(wanted) - set(got)),
        "doubled": len(got) - len(set(got)),
        "digest": result["digest"],
        "seconds": seconds,
        "gaps": watch.gaps(),
        "processes": [last - begun for *_, begun, last in watch.seen.values()],
        "answering": [answering(json.loads(part.read_text())) for part in parts.glob("*.json")],
    }


def answering(part: dict) -> float:
    """Seconds in which a part answered, of all its configurations."""
    return sum(run["timings"]["answer_seconds"] for run in part["runs"])


def nothing(driver, nodes, watch, parts) -> int:
    return 0


def whole_node(driver, nodes, watch, parts) -> int:
    until(lambda: watch.running(1) and list(parts.glob("*.json")))
    return len(kill(descendants(raylet_of(nodes[1]))))


def one_part(driver, nodes, watch, parts) -> int:
    until(lambda: watch.running(0))
    return len(kill(watch.running(0)))


def the_driver(driver, nodes, watch, parts) -> int:
    until(lambda: len(list(parts.glob("*.json"))) >= 2)
    return len(kill([driver.pid]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=6)
    shards = parser.parse_args().shards
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "spec.json").write_text(json.dumps(SPEC))
        lone = [*LAB, "run", str(folder / "spec.json"), "--runtime", "node", "--out", str(folder / "whole.json")]
        begun = time.monotonic()
        subprocess.run(lone, check=True, capture_output=True)
        alone = time.monotonic() - begun
        whole = json.loads((folder / "whole.json").read_text())
        cluster = Cluster(initialize_head=True, head_node_args={"num_gpus": 0, "num_cpus": 1})
        harms = {"nothing": nothing, "a whole node": whole_node, "one part": one_part, "the driver": the_driver}
        try:
            rows = [trial(what, cluster, folder, shards, whole, harm) for what, harm in harms.items()]
        finally:
            ray.shutdown()
            cluster.shutdown()

    print(f"{len(answers(whole))} answers; one process alone: {alone:.0f} s, digest {whole['digest'][:16]}\n")
    print("| killed in mid-part | processes killed | parts | starts | lost | doubled | digest | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        same = "equal" if row["digest"] == whole["digest"] else row["digest"][:16]
        cells = [row[key] for key in ("what", "kills", "parts", "starts", "lost", "doubled")]
        print("| " + " | ".join(map(str, [*cells, same, f"{row['seconds']:.0f}"])) + " |")
    quiet = rows[0]
    middle = statistics.median
    own = middle(quiet["processes"]) - middle(quiet["answering"])
    print(
        f"\nA part: {middle(quiet['processes']):.1f} s, of which it answers {middle(quiet['answering']):.1f} s; "
        f"its overhead is {own:.1f} s, and {middle(quiet['gaps']):.1f} s more lie between two parts of a node. "
        f"Processes left behind by a dead driver after 5 s: {rows[-1]['left']}."
    )
    assert all(row["lost"] == row["doubled"] == 0 and row["digest"] == whole["digest"] for row in rows)


if __name__ == "__main__":
    main()
