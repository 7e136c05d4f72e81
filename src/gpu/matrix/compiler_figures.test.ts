import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FORM_NAMES } from './choose.ts';
import { LLM_INT8 } from './llm_int8.ts';
import type { OwnKernel } from './storage.ts';

/** Rows of docs/kernels.md, which tools/compiler_figures.mjs writes: kernel, compute, target, and figures. */
const rows = readFileSync('docs/kernels.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| \w+(, [\w ]+)? \| float/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

it('no kernel of the table keeps anything in memory', () => {
  for (const [, kernel, , , , , spilled, scratch] of rows) {
    expect([kernel, Number(spilled), Number(scratch)]).toEqual([kernel, 0, 0]);
  }
});

/** Every form that a GPU takes, over two storages; over the others those it takes most. */
const forHardware = [
  ...FORM_NAMES.filter(({ adapters }) => adapters !== 'software').flatMap(({ form }) => [
    `${form}_blockwise`,
    `${form}_float`,
  ]),
  ...['tile_32', 'tile_64', 'matvec_staged'].flatMap((form) => [`${form}_int8`, `${form}_bytes`]),
];

it('has the forms of LLM.int8() that GPUs take, which multiply four integers by one instruction', () => {
  const taken = (LLM_INT8.matmul as readonly OwnKernel[]).flatMap(({ kernel, adapters }) =>
    adapters !== 'software' && kernel.requires ? [kernel.name] : [],
  );
  expect(taken.length).toBeGreaterThan(0);
  expect(rows.map(([, kernel]) => kernel)).toEqual(expect.arrayContaining(taken));
});

describe.each(forHardware)('%s', (name) => {
  const own = rows.filter(([, kernel]) => kernel === name);

  it('has its figures in every compute dtype', () => {
    expect(new Set(own.map(([, , compute]) => compute))).toEqual(new Set(['float32', 'float16']));
  });

  it('keeps everything in registers, and 16 KiB of workgroup memory at most', () => {
    for (const [, , , , , , spilled, scratch, shared] of own) {
      expect([Number(spilled), Number(scratch)]).toEqual([0, 0]);
      expect(Number(shared)).toBeLessThanOrEqual(16384);
    }
  });
});
