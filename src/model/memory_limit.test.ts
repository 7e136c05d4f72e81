import { expect, it } from 'vitest';
import llama from '../../public/configs/Llama-3.2-1B.json';
import { ASKED_ROWS, type QuantConfig } from '../quant/config.ts';
import { parseConfig } from './config.ts';
import type { RunExtent } from './memory.ts';
import { overLimit, overLimitText } from './memory_limit.ts';

const MIB = 2 ** 20;
const config = parseConfig(llama);
const extentOf = (slots: number): RunExtent => ({
  ...{ tokens: 512, slots, rows: 512, wanted: 512, compares: false },
});
const over = (quant: QuantConfig, slots: number, allowed: number) =>
  overLimit(config, quant, { element_bytes: 2 }, extentOf(slots), {
    maxBufferSize: 2 * allowed,
    maxStorageBufferBindingSize: allowed,
  });
const float: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };

it('allows a context whose keys fit a buffer, and none that is longer', () => {
  // Eight heads of 64 in float32: 2 KiB a token, in buffers whose lengths are powers of two.
  expect(over(float, 65_536, 128 * MIB)).toBeUndefined();
  expect(over(float, 65_537, 128 * MIB)).toEqual({
    what: 'keys of a layer',
    bytes: 256 * MIB,
    allowed: 128 * MIB,
    context: 65_536,
  });
  expect(over(float, 65_537, 256 * MIB)).toBeUndefined();
});

it('says so in a sentence, with what would fit', () => {
  expect(`float32 ${overLimitText(70_000, over(float, 70_000, 128 * MIB)!)}`).toBe(
    'float32 needs a buffer of 256.0 MiB for the keys of a layer in a context of 70,000 tokens, as every format does; this adapter allows 128.0 MiB, enough for contexts of up to 65,536 tokens.',
  );
  // A MLP of 8,192 takes 2 MiB for the 64 tokens that a pass has room for at least.
  expect(overLimitText(64, over(float, 64, MIB)!)).toMatch(
    /this adapter allows 1\.0 MiB, too little for this model\.$/,
  );
});

it('comes to the same in every format', () => {
  for (const { quant_type, knobs, start } of ASKED_ROWS) {
    const quant = { ...knobs, ...start, quant_type } as QuantConfig;
    expect(over(quant, 70_000, 128 * MIB), quant_type).toEqual(over(float, 70_000, 128 * MIB));
  }
});
