import { parseArgs } from 'node:util';
import { ruleOfThree, tally, type FaultSuite } from './suite.ts';

/** The kinds of faults there are, each with how often a fault of it is tried. */
const SUITES: Record<string, { trials: number; open: () => Promise<FaultSuite> }> = {
  network: { trials: 20, open: async () => (await import('./open_network.ts')).openNetworkFaults() },
  input: { trials: 400, open: async () => (await import('./open_input.ts')).openInputFaults() },
  crash: { trials: 42, open: async () => (await import('./crash.ts')).openCrashFaults() },
  'command-line': {
    trials: 30,
    open: async () => (await import('./command_line.ts')).openCommandLineFaults(),
  },
  page: { trials: 10, open: async () => (await import('./page.ts')).openPageFaults() },
  device: { trials: 14, open: async () => (await import('./device.ts')).openDeviceFaults() },
  storage: { trials: 15, open: async () => (await import('./storage.ts')).openStorageFaults() },
  links: { trials: 20_000, open: async () => (await import('./links.ts')).openLinkFaults() },
  headers: { trials: 1_430_000, open: async () => (await import('./headers.ts')).openHeaderFaults() },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    trials: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});

/** Runs a suite and prints its table; true if nothing was wrong or lost. */
async function runSuite(name: string): Promise<boolean> {
  const { trials, open } = SUITES[name]!;
  const suite = await open().catch((error: Error) => console.error(`\n${name}: not tried. ${error.message}`));
  if (!suite) return false;
  const only = new RegExp(values.only);
  const kinds = suite.kinds.filter(({ name }) => only.test(name));
  console.log(`\n| ${name} | trials | survived | wrong | lost |\n|---|---|---|---|---|`);
  const row = (kind: string, n: number, wrong: number, lost: number) =>
    console.log(`| ${kind} | ${n} | ${n - wrong - lost} | ${wrong} | ${lost} |`);
  const found = await tally(
    { ...suite, kinds },
    Number(values.trials ?? trials),
    Number(values.seed),
    ({ kind, trials, wrong, lost, why }) => {
      row(kind, trials, wrong, lost);
      for (const line of why.slice(0, 3)) console.error(`    ${line}`);
    },
  );
  await suite.close?.();
  const sum = (of: 'trials' | 'wrong' | 'lost') => found.reduce((total, tally) => total + tally[of], 0);
  const [n, wrong, lost] = [sum('trials'), sum('wrong'), sum('lost')];
  row(`all ${kinds.length} kinds`, n, wrong, lost);
  if (wrong + lost > 0) return false;
  console.log(`\nNone of ${n}: below ${(100 * ruleOfThree(n)).toFixed(2)} % a trial (95 %, rule of three).`);
  return true;
}

const unknown = positionals.filter((name) => !Object.hasOwn(SUITES, name));
let status = 0;
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: no such faults; allowed: ${Object.keys(SUITES).join(', ')}.`);
  status = 2;
} else {
  for (const name of positionals.length > 0 ? positionals : Object.keys(SUITES)) {
    if (!(await runSuite(name))) status = 1;
  }
}
process.exit(status);
