import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const python = process.env.NIBBLE_RAY;
const execute = promisify(execFile);

describe.skipIf(!python)('two nodes, of which one dies (needs a Python with Ray in $NIBBLE_RAY)', () => {
  it('come to the result of one machine: nothing lost, nothing doubled, the digest equal', async () => {
    await execute('npm', ['run', '-s', 'build:lab']);
    const { stdout } = await execute(python!, ['cluster/test_cluster.py']);
    const table = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
    expect(table).toMatchObject({ lost: 0, doubled: 0, digest: table.unsharded });
    expect(table.killed_processes).toBeGreaterThan(0);
  });
});
