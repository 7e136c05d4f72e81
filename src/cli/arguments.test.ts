import { describe, expect, it } from 'vitest';
import { LabError } from '../errors.ts';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adaptersOf, formsOf, parseArguments } from './arguments.ts';

describe('the command line of a command', () => {
  it('is options, with what holds without them, and the rest in order', () => {
    expect(
      parseArguments(['a.json', '--out', 'r.json', '--json', 'b.json'], ['runtime', 'out', 'json']),
    ).toEqual({
      values: { runtime: 'browser', out: 'r.json', json: true },
      positionals: ['a.json', 'b.json'],
    });
    expect(parseArguments([], ['json', 'context'])).toEqual({ values: { json: false }, positionals: [] });
    expect(parseArguments(['--runtime=node'], ['runtime']).values.runtime).toBe('node');
    expect(parseArguments(['--', '--json'], ['json'])).toEqual({
      values: { json: false },
      positionals: ['--json'],
    });
  });

  it.each([
    [['--quick'], "Unknown option '--quick'; allowed: --runtime, --out, --json."],
    // Known to another command.
    [['--blocksize', '64'], "Unknown option '--blocksize'; allowed: --runtime, --out, --json."],
    [['--runtime', 'deno'], '--runtime is deno; allowed: browser, node.'],
    [['--out'], "Option '--out <value>' argument missing; allowed: --runtime, --out, --json."],
    [['--json=yes'], "Option '--json' does not take an argument; allowed: --runtime, --out, --json."],
  ])('%j is refused in one sentence', (args, message) => {
    const parse = () => parseArguments(args, ['runtime', 'out', 'json']);
    expect(parse).toThrow(LabError);
    expect(parse).toThrow(expect.objectContaining({ code: 'bad-arguments', message }) as Error);
  });
});

describe('--adapter and --lora', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lora-'));

  it('name a GPU and a folder; --adapter with a folder means --lora', () => {
    const usual = { choice: 'high-performance', lora: undefined };
    expect(adaptersOf({})).toEqual(usual);
    expect(adaptersOf({ adapter: 'low-power' })).toEqual({ ...usual, choice: 'low-power' });
    expect(adaptersOf({ adapter: folder })).toEqual({ ...usual, lora: folder });
    expect(adaptersOf({ adapter: 'software', lora: folder })).toEqual({ choice: 'software', lora: folder });
  });

  it.each([[{ adapter: 'fast' }], [{ adapter: folder, lora: folder }]])('%j is refused', (values) => {
    expect(() => adaptersOf(values)).toThrow(
      `--adapter is ${values.adapter}; allowed: high-performance, low-power, software. A folder that holds a LoRA adapter is given with --lora.`,
    );
  });
});

describe('--kernels', () => {
  it('names forms of the matmul, as the page does', () => {
    expect(formsOf({})).toEqual([]);
    expect(formsOf({ kernels: 'tile_32,matvec_fused' })).toEqual(['tile_32', 'matvec_fused']);
  });

  it.each([
    ['tile_33', 'kernels names tile_33; allowed: matvec'],
    ['tile,tile_32', 'kernels names tile and tile_32, both for prefill; allowed: one of them.'],
  ])('%s is refused', (kernels, message) => {
    expect(() => formsOf({ kernels })).toThrow(message);
  });
});
