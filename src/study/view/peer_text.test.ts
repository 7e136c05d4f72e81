import { expect, test } from 'vitest';
import type { PeerAudit } from '../peer_audit.ts';
import { auditNotes, auditSentence } from './peer_text.ts';

const agreeing: PeerAudit = {
  engine: 'transformers.js 4.3.1',
  files: { 'onnx/model_q4.onnx': { bytes: 660_091 } },
  tokens: 192,
  verdict: 'agrees',
  peer: { kl: 0.0647, same_top: 0.87, first: { text: 0, token: 4 } },
  cost: { kl: 0.0797, same_top: 0.85 },
  file: { kl: 0.0647, same_top: 0.87 },
  arithmetic: { kl: 8e-13, same_top: 1 },
  layers: { read: 29, astray: 0 },
  tokenizer: 'equal',
};

test('a verdict says what it rests on', () => {
  expect(auditSentence(agreeing)).toBe(
    'agrees with float32 within what its format costs: KL 0.0647, where this lab’s own rounding to the same values has 0.0797.',
  );
  expect(auditNotes(agreeing)).toEqual([
    'Compared behind 192 tokens: the same top token behind 87 %, first another one behind token 5 of text 1.',
    expect.stringContaining('computed here, are at KL 0.0647; its own arithmetic adds KL'),
    '29 layers of its file read, 0 of them astray.',
    'Its own tokenizer splits the questions as ours does.',
    expect.stringMatching(/^It asked for 6\d\d kB of files\.$/),
  ]);
});

test('where an engine begins to differ is named, with what is allowed there', () => {
  const begins = { what: 'weights', layer: 'model.layers.2.mlp.down_proj', op_type: 'MatMulNBits' } as const;
  expect(
    auditSentence({ ...agreeing, verdict: 'differs', begins: { ...begins, error: 1.43, allowed: 0.14 } }),
  ).toMatch(
    /It begins at the weights of model\.layers\.2\.mlp\.down_proj \(MatMulNBits\), which are 143 % off the checkpoint’s; allowed: 14 %\.$/,
  );
  expect(
    auditSentence({
      ...agreeing,
      verdict: 'differs',
      begins: { ...begins, what: 'settings', layer: 'rope frequencies', error: 0.42, allowed: 1e-5 },
    }),
  ).toMatch(/It begins at the file’s own rope frequencies, 42 % off the model’s\.$/);
  expect(auditSentence({ ...agreeing, verdict: 'differs' })).toMatch(
    /it begins in what lies between them\.$/,
  );
  expect(auditSentence({ ...agreeing, verdict: 'differs', without_outputs: true })).toMatch(
    /Its weights are right, so it begins in its arithmetic; this engine does not tell the outputs of its layers\.$/,
  );
  expect(
    auditSentence({
      ...agreeing,
      verdict: 'not a number',
      begins: { ...begins, what: 'not a number', error: 0, allowed: 0 },
    }),
  ).toBe(
    'gives no numbers behind token 5 of text 1: something before model.layers.2.mlp.down_proj (MatMulNBits), whose input is not a number.',
  );
});
