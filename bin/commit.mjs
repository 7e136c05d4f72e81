// The commit a build is made from, for the record of every run.
import { spawnSync } from 'node:child_process';

/** The current commit, or "unknown" outside a checkout. */
export function currentCommit() {
  const { status, stdout } = spawnSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
}
