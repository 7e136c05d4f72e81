import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAMAGED, damagedExport, exported } from '../test/fixtures/peer_exports.ts';
import { DAMAGED_GGUF, damagedGguf, ggufExport } from '../test/fixtures/peer_ggufs.ts';
import { parseSpec } from '../src/study/spec.ts';
import {
  expect,
  LONG,
  resultTable,
  runButton,
  runState,
  runToResults,
  smallSpec,
  specHash,
  test,
} from './page.ts';

test('other engines run beside ours, and damaged files of theirs are found', async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'peers-'));
  cpSync('public/models/nibble-tiny', folder, { recursive: true });
  mkdirSync(join(folder, 'onnx'));
  writeFileSync(join(folder, 'onnx/model_bnb4.onnx'), exported('model_bnb4'));
  writeFileSync(join(folder, 'onnx/model_q4.onnx'), damagedExport());
  writeFileSync(join(folder, 'mine-Q8_0.gguf'), ggufExport('Q8_0'));
  writeFileSync(join(folder, 'mine-Q4_0.gguf'), await damagedGguf());
  const engine = { peer: 'transformers.js', device: 'wasm' };
  const spec = parseSpec({
    version: 1,
    model: { source: 'local', name: 'mine' },
    configs: [
      { quant_type: 'none' },
      ...['bnb4', 'q4'].map((dtype) => ({ ...engine, dtype })),
      ...['q8_0', 'q4_0'].map((dtype) => ({ peer: 'wllama', dtype })),
    ],
    tasks: [{ task: 'mini_arc', limit: 2 }],
  });
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  await page.goto(`/${await specHash(spec)}`);
  await page.getByLabel('Choose the folder of the model').setInputFiles(folder);
  expect(fetched.filter((url) => url.endsWith('.wasm'))).toEqual([]);
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(resultTable(page)).toContainText('transformers.js bnb4 · wasm');
  const peers = page.getByTestId('peers');
  await expect(peers).toContainText('transformers.js bnb4 · wasm agrees with float32');
  await expect(peers).toContainText('transformers.js q4 · wasm differs from float32');
  await expect(peers).toContainText(`It begins at the weights of ${DAMAGED}`);
  await expect(peers).toContainText('wllama q8_0 · wasm agrees with float32');
  await expect(peers).toContainText('wllama q4_0 · wasm differs from float32');
  await expect(peers).toContainText(`It begins at the weights of ${DAMAGED_GGUF} (Q4_0)`);
  expect(
    fetched.filter((url) => !url.startsWith(new URL(page.url()).origin) && !url.startsWith('blob:')),
  ).toEqual([]);
  rmSync(folder, { recursive: true });
});

test('answers are written as lm-evaluation-harness writes its own, and held against such files', async ({
  page,
}) => {
  await runToResults(page, smallSpec());
  const panel = page.getByTestId('harness');
  await panel.getByRole('button', { name: 'Write this run’s answers as such files' }).click();
  await expect(panel.getByRole('button', { name: /^Save / })).toHaveCount(2);
  const coming = page.waitForEvent('download');
  await panel.getByRole('button', { name: /^Save float32_samples_mini_arc_.*\.jsonl$/ }).click();
  const download = await coming;
  const text = readFileSync(await download.path(), 'utf8');
  const choose = (text: string) =>
    panel
      .getByLabel('Choose samples_….jsonl files')
      .setInputFiles({ name: download.suggestedFilename(), mimeType: '', buffer: Buffer.from(text) });

  await choose(text);
  await expect(panel).toContainText(
    'float32 against the file on mini_arc: 2 items with the same prompts, log-likelihoods differ by 0 nats at most; they agree on every one.',
  );
  await expect(panel.getByRole('table')).toContainText('NF4 · 64');

  const [first] = text.trim().split('\n');
  await choose(first!);
  await expect(panel.getByRole('alert')).toContainText('has answered it and');
  await choose(text.replace(/"prompt_hash":"./, '"prompt_hash":"?'));
  await expect(panel.getByRole('alert')).toContainText('the SHA-256 of arguments.gen_args_0.arg_0');
});
