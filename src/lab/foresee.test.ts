import { expect, it } from 'vitest';
import { randomLlama } from '../../test/fixtures/random_llama.ts';
import type { Doc } from '../eval/doc.ts';
import { extentOf } from '../model/item_length.ts';
import { openModel } from '../model/open_model.ts';
import type { QuantConfig } from '../quant/config.ts';
import { foresee, longestItems } from './foresee.ts';
import type { PlannedItem } from './plan.ts';

// A context of 96 tokens; every letter is one.
const model = await openModel(randomLlama());
const float: QuantConfig = { quant_type: 'none', compute_dtype: 'float32' };
const llm_int8: QuantConfig = { quant_type: 'llm_int8', llm_int8_threshold: 6, compute_dtype: 'float32' };

const planned = (task: PlannedItem['task'], ...docs: Doc[]): PlannedItem[] =>
  docs.map((doc, doc_id) => ({ task, doc_id, doc, cost: 1 }));
const question = (context: string, ...choices: string[]): Doc => ({
  ...{ output_type: 'multiple_choice', question: '', context, choices, gold: 0 },
});
const text = (text: string): Doc => ({ output_type: 'loglikelihood_rolling', text, words: 1, bytes: 1 });

it('takes the longest item of each task, in tokens', () => {
  const items = [
    ...planned('mini_arc', question('Who?', 'a', 'bc'), question('Who is it?', 'a cat', 'Mia')),
    ...planned('mini_text', text('a'.repeat(200)), text('b')),
    ...planned('mini_coqa', {
      ...{ output_type: 'generate_until', passage: '', question: '', context: 'a'.repeat(90), refs: [] },
      ...{ until: [], max_gen_toks: 16 },
    }),
  ];
  expect(longestItems(items, model)).toEqual([
    // The space before a choice is scored with it.
    { context: 10, tails: [6, 4], generated: 0, together: 2 },
    // No more than the context.
    { context: 1, tails: [96], generated: 0, together: 2 },
    { context: 80, tails: [], generated: 16, together: 1 },
  ]);
});

it('packs items into a pass but where tokens depend on each other', () => {
  const arc = { context: 10, tails: [6, 4], generated: 0, together: 2 };
  // Two of 10 + 5 + 3 tokens.
  expect(extentOf([arc], float, false)).toEqual({
    tokens: 36,
    slots: 36,
    rows: 18,
    wanted: 20,
    compares: false,
  });
  expect(extentOf([{ ...arc, together: 1000 }], float, true)).toMatchObject({
    tokens: 512,
    slots: 512,
    compares: true,
  });
  expect(extentOf([arc], llm_int8, false)).toMatchObject({ tokens: 15, slots: 15, rows: 6, wanted: 6 });
  const generated = { context: 80, tails: [], generated: 16, together: 1 };
  expect(extentOf([arc, generated], float, false)).toMatchObject({ tokens: 80, slots: 96, wanted: 20 });
  // A text that is longer than a pass goes in several, and its keys stay.
  const long = { context: 1, tails: [9000], generated: 0, together: 3 };
  expect(extentOf([long], float, false)).toMatchObject({ tokens: 9000, slots: 9000, rows: 512 });
});

it('refuses what the adapter does not allow, and says what would fit', () => {
  const adapterOf = (bytes: number) =>
    ({
      adapter: { limits: { maxBufferSize: bytes, maxStorageBufferBindingSize: bytes } },
    }) as Parameters<typeof foresee>[0];
  const extent = extentOf([{ context: 1, tails: [96], generated: 0, together: 1 }], float, false);
  const need = foresee(adapterOf(2 ** 20), model, float, extent);
  expect(need.device).toBeGreaterThan(need.weights);
  expect(() => foresee(adapterOf(200 * 1024), model, float, extent)).toThrow(
    'float32 needs a buffer of 256.0 KiB for the activations in a context of 96 tokens, as every format does; this adapter allows 200.0 KiB, enough for contexts of up to 64 tokens.',
  );
});
