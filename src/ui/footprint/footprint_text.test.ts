import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { footprintRows } from '../../study/footprint_table.ts';
import { blockLayers, maskBufferBytes } from '../../model/footprint.ts';
import { parseConfig } from '../../model/config.ts';
import {
  adapterSentence,
  contextSentence,
  doubleQuantSentence,
  footprintSentence,
  loadingSentence,
  maskSentence,
  partsOf,
  publishedSentence,
} from './footprint_text.ts';
import { PUBLISHED_MODELS } from './published.ts';

const configOf = (name: string) =>
  parseConfig(JSON.parse(readFileSync(`public/configs/${name}.json`, 'utf8')));

test('Llama-3.2-1B in sentences', () => {
  const config = configOf('Llama-3.2-1B');
  const rows = footprintRows(config);
  expect(footprintSentence('Llama-3.2-1B', rows)).toBe(
    'Llama-3.2-1B has 1,235,814,400 parameters, 79 % of them in the Linear layers that are quantized. NF4 · 64 counts as 965.1 MiB, 41 % of float16’s, and truly takes 1,023.1 MiB: 58.00 MiB of absmax come on top. 501.1 MiB are what stays in float16.',
  );
  expect(doubleQuantSentence(rows)).toBe(
    'Double quant saves 43.27 MiB, 0.373 bits per weight, and the counted size stays at 965.1 MiB: it never had the absmax values in it.',
  );
  expect(contextSentence(config, rows, 2048)).toMatch(
    /^The keys and values of 2,048 tokens take 128\.0 MiB .* From [\d,]+ tokens on they are the larger part\.$/,
  );
  expect(adapterSentence('Llama-3.2-1B', config, rows, 16, ['q_proj', 'v_proj'])).toContain(
    '1,703,936 parameters',
  );
  expect(adapterSentence('Llama-3.2-1B', config, rows, 16, [])).toContain('no adapter');
});

test('parts add up to what is truly there', () => {
  for (const row of footprintRows(configOf('SmolLM2-135M'))) {
    const { rest, codes, scales } = partsOf(row);
    expect(rest + codes + scales).toBeCloseTo(row.footprint.actual_bytes);
    expect(scales).toBeGreaterThanOrEqual(0);
  }
});

test('GPT-2: masks, and a short memory', () => {
  const config = configOf('gpt2');
  expect(maskSentence(config)).toContain('12.00 MiB');
  expect(blockLayers(config)).toEqual(['attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj']);
  // 12 blocks, rank 16, 768 in and 2,304 out.
  expect(adapterSentence('gpt2', config, footprintRows(config), 16, ['attn.c_attn'])).toContain(
    '589,824 parameters',
  );
});

test('published figures are the counted ones, GPT-2’s with its masks', () => {
  for (const name of PUBLISHED_MODELS) {
    const config = configOf(name);
    const said = publishedSentence(name, footprintRows(config), maskBufferBytes(config));
    expect(said).toMatch(/^The published figures are the counted ones/);
  }
  const rows = footprintRows(configOf('gpt2-ag-news'));
  expect(publishedSentence('gpt2-ag-news', rows, 0)).toMatch(
    /up to 9\.\d+ % away .* NF4 · 64; those of GPT-2/,
  );
  expect(publishedSentence('gpt2', rows, 0)).toBeUndefined();
});

test('loading peaks a little above what stays', () => {
  const config = configOf('Llama-3.2-1B');
  expect(loadingSentence(config, footprintRows(config))).toContain('At most 16.00 MiB');
});
