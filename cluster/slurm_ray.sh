#!/bin/bash
# Ray inside one Slurm job:  sbatch --nodes=8 --gpus-per-node=1 cluster/slurm_ray.sh SPEC.json --shards 80 --out RESULT.json
set -euo pipefail
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
exec srun --ntasks-per-node=1 ray symmetric-run --address "$head:6379" --min-nodes "$SLURM_JOB_NUM_NODES" -- \
  python cluster/nibble_ray.py "$@" --address auto
