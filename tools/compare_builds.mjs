#!/usr/bin/env node
// How much faster one checkout runs an experiment than another, and whether it answers the same: both run it in turn,
// round after round on the same machine, so that whatever else the machine does meets both.
// `node tools/compare_builds.mjs BEFORE AFTER examples/nf4-vs-fp4.json [--rounds 3] [--model DIR] [--data DIR] …`
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [before = '', after = '', spec = '', ...rest] = process.argv.slice(2);
if (!before || !after || !spec) {
  console.error('usage: node tools/compare_builds.mjs BEFORE AFTER SPEC [--rounds N] [what lab run takes]');
  process.exit(2);
}
const at = rest.indexOf('--rounds');
const rounds = at < 0 ? 3 : Number(rest.splice(at, 2)[1]);
const out = mkdtempSync(join(tmpdir(), 'nibble-builds-'));

/**
 * Runs the experiment in a checkout.
 * @param {string} checkout
 */
function run(checkout) {
  const file = join(out, 'result.json');
  const words = ['bin/lab.mjs', 'run', resolve(spec), '--runtime', 'node', '--out', file, ...rest];
  // The shell tells the processor's seconds of its children, which other work on the machine does not lengthen.
  const script = 'node "$@" && times';
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', ...words], {
    cwd: checkout,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`${checkout} ended with ${status}: ${stderr.slice(-500)}`);
  const children = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  const cpu_seconds = children.reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  return { ...JSON.parse(text), cpu_seconds };
}

/** @param {readonly number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** Every number of an item that a model gave, and its texts. @param {any} item */
const answersOf = ({ lls = [], loglikelihood = 0, logits = [], text = '' }) => ({
  numbers: [...lls, loglikelihood, ...logits],
  text,
});

/** @param {any} a @param {any} b */
function differences(a, b) {
  let largest = 0;
  let texts = 0;
  for (const [t, { items }] of a.tasks.entries()) {
    for (const [i, item] of items.entries()) {
      const [one, other] = [answersOf(item), answersOf(b.tasks[t].items[i])];
      if (one.text !== other.text) texts++;
      for (const [n, value] of one.numbers.entries()) {
        // Sums over a text's tokens are compared by the token.
        const scale = Math.max(1, Math.abs(value));
        largest = Math.max(largest, Math.abs(value - other.numbers[n]) / scale);
      }
    }
  }
  return { largest, texts };
}

/** @type {{ before: any, after: any }[]} */
const pairs = [];
const builds = { before, after };
for (let round = 0; round < rounds; round++) {
  // Turn about, so that neither always comes first.
  /** @type {{ before: any, after: any }} */
  const results = { before: undefined, after: undefined };
  const order = /** @type {const} */ (['before', 'after']);
  for (const build of round % 2 === 0 ? order : [...order].reverse()) results[build] = run(builds[build]);
  pairs.push(results);
  console.error(`round ${round + 1} of ${rounds}`);
}

/** @param {any} result @param {number} config */
const secondsOf = (result, config) => result.runs[config].timings.answer_seconds;
/** @type {any} */
const one = pairs[0];
const rows = one.before.runs.map((/** @type {any} */ { config }, /** @type {number} */ c) => {
  const { largest, texts } = differences(one.before.runs[c], one.after.runs[c]);
  const ratios = pairs.map((pair) => secondsOf(pair.before, c) / secondsOf(pair.after, c));
  return {
    configuration: `${config.quant_type} ${config.blocksize ?? ''} ${config.compute_dtype}`,
    'seconds before': Number(median(pairs.map((pair) => secondsOf(pair.before, c))).toFixed(2)),
    'seconds after': Number(median(pairs.map((pair) => secondsOf(pair.after, c))).toFixed(2)),
    'times faster': Number(median(ratios).toFixed(2)),
    'largest difference': largest.toExponential(1),
    'other texts': texts,
  };
});
console.table(rows);
const cpu = (/** @type {'before' | 'after'} */ build) => median(pairs.map((pair) => pair[build].cpu_seconds));
console.log(
  `processor's seconds of a whole run, loading and checks included: ${cpu('before').toFixed(1)} before, ${cpu('after').toFixed(1)} after`,
);
rmSync(out, { recursive: true });
