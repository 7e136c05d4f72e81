"""Two local nodes answer an experiment, one is killed in mid-part: nothing may be lost, doubled or otherwise.

    python cluster/test_cluster.py        needs Ray and `npm run build:lab`; two minutes on two cores without a GPU
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import ray
from processes import LAB, descendants, kill, labs_below, raylet_of
from ray.cluster_utils import Cluster

HERE = Path(__file__).resolve().parent
SHARDS = 4
SPEC = {
    "version": 1,
    "title": "A node dies",
    "model": {"source": "bundled", "name": "nibble-tiny"},
    "configs": [{"quant_type": "none"}, {"quant_type": "nf4", "blocksize": 64}],
    "tasks": [{"task": "mini_arc", "limit": 12}, {"task": "mini_text", "limit": 4}],
    "seed": 7,
}


def answers(result: dict) -> list:
    """Every (configuration, task, doc_id) of a result."""
    return [
        (index, task["task"], item["doc_id"])
        for index, run in enumerate(result["runs"])
        for task in run["tasks"]
        for item in task["items"]
    ]


def kill_in_mid_part(node, parts: Path, killed: list) -> None:
    """Waits for a part that has answers and is not done, then kills its whole node: raylet, workers, lab."""
    while not killed:
        if labs_below(raylet_of(node)) and list(parts.glob("*.json")):
            killed += kill(descendants(raylet_of(node)))
        time.sleep(0.2)


def drive(spec: Path, out: Path, address: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(HERE / "nibble_ray.py"), str(spec), "--shards", str(SHARDS), "--out", str(out)]
    return subprocess.run([*command, "--address", address], capture_output=True, text=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        spec, whole, out = (Path(folder, name) for name in ("spec.json", "whole.json", "r.json"))
        parts = Path(folder, "r.parts")
        spec.write_text(json.dumps(SPEC))
        lone = subprocess.run([*LAB, "run", str(spec), "--runtime", "node", "--out", str(whole)], capture_output=True, text=True)
        assert lone.returncode == 0, lone.stderr

        cluster = Cluster(initialize_head=True, head_node_args={"num_gpus": 0, "num_cpus": 1})
        nodes = [cluster.add_node(num_gpus=1, num_cpus=1) for _ in range(2)]
        killed: list[int] = []
        killer = threading.Thread(target=kill_in_mid_part, args=(nodes[1], parts, killed), daemon=True)
        killer.start()
        driven = drive(spec, out, cluster.address)
        assert driven.returncode == 0, driven.stdout + driven.stderr
        assert killed, "no node was killed in mid-part"

        expected, result = json.loads(whole.read_text()), json.loads(out.read_text())
        assert result["digest"] == expected["digest"], (result["digest"], expected["digest"])
        assert result["comparisons"] == expected["comparisons"]
        assert sorted(answers(result)) == sorted(set(answers(result))) == sorted(answers(expected))

        # A part that is gone, and nothing else, is answered again.
        kept = {part.name: part.stat().st_mtime_ns for part in parts.glob("*.json")}
        (parts / "2.json").unlink()
        again = drive(spec, out, cluster.address)
        assert again.returncode == 0, again.stdout + again.stderr
        assert f"{SHARDS - 1} of {SHARDS} parts are here already" in again.stdout
        after = {part.name: part.stat().st_mtime_ns for part in parts.glob("*.json")}
        assert [name for name in after if after[name] != kept[name]] == ["2.json"]
        assert json.loads(out.read_text())["digest"] == expected["digest"]

        ray.shutdown()
        cluster.shutdown()
        got, wanted = answers(result), answers(expected)
        table = {
            "shards": SHARDS,
            "killed_processes": len(killed),
            "lost": len(set(wanted) - set(got)),
            "doubled": len(got) - len(set(got)),
            "digest": result["digest"],
            "unsharded": expected["digest"],
        }
        print(json.dumps(table))


if __name__ == "__main__":
    main()
