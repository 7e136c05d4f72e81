#!/bin/bash
# A Slurm array without Ray, one shard a task:  sbatch --array=0-499 --gpus=1 --requeue cluster/slurm_array.sh SPEC.json PARTS [--model DIR] [--data DIR]
# Afterwards:  node built/lab/main.js merge SPEC.json PARTS/*.json --out RESULT.json
set -euo pipefail
spec=$1 parts=$2
shift 2
part="$parts/$SLURM_ARRAY_TASK_ID.json"
mkdir -p "$parts"
resume=$([ -e "${part%.json}.partial.jsonl" ] && echo --resume || true)
exec node built/lab/main.js run "$spec" --runtime node --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --out "$part" $resume "$@"
