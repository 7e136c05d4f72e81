import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LabError, toFailure, type Failure } from '../errors.ts';
import { adapterName } from '../gpu/adapter.ts';
import { benchSubjects } from '../gpu/bench/bench_kernels.ts';
import { bench } from '../lab/bench/bench.ts';
import { withEvent, type BenchEvent, type BenchRequest } from '../study/bench/bench_event.ts';
import { parseBenchReport, type BenchReport } from '../study/bench/bench_report.ts';
import { benchTable, ceilingText, rowLine } from '../study/bench/bench_table.ts';
import { compareBench, comparisonText } from '../study/bench/compare_bench.ts';
import { parseJson } from '../tensor/parse_json.ts';
import { deviceOf, parseArguments } from './arguments.ts';
import { numberOption } from './numbers.ts';
import { listenForSignals } from './interrupt.ts';
import { nodeGpu, offerAsNavigators } from './node_gpu.ts';
import { nodeHost } from './node_host.ts';
import { requireWritable, writeWhole } from './output_file.ts';

/** `bench`: times kernels and a model; with --out each row is written as it comes. `bench --compare A B` holds two files against each other. */
export async function benchCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, [
    ...(['quick', 'shape', 'seconds', 'model', 'no-peers', 'no-model'] as const),
    ...(['adapter', 'kernels', 'runtime', 'out', 'compare', 'json'] as const),
  ]);
  if (values.compare) return compare(positionals, values.json);
  if (positionals.length > 0) {
    throw new LabError('bad-arguments', `bench was given ${positionals[0]}; allowed: options alone.`);
  }
  const request = requestOf(values);
  if (values.out !== undefined) requireWritable(values.out);
  let report: BenchReport | undefined;
  const onEvent = (event: BenchEvent): void => {
    report = withEvent(report, event);
    say(event);
    if (values.out !== undefined && report) writeWhole(values.out, text(report));
  };
  const interrupt = listenForSignals();
  try {
    const measured = measure(request, values, onEvent, interrupt.signal).catch(toFailure);
    const failure = await Promise.race([measured, interrupt.over.then(() => STOPPED)]);
    if (report)
      console.log(values.json ? JSON.stringify(report) : benchTable(report, adapterName(report.adapter)));
    const came = interrupt.came();
    if (came) return came.status;
    if (failure) throw new LabError(failure.code, failure.message);
    return 0;
  } finally {
    interrupt.close();
  }
}

const STOPPED: Failure = toFailure(new LabError('cancelled', 'The bench was stopped.'));

const text = (report: BenchReport): string => `${JSON.stringify(report, undefined, 1)}\n`;

type Values = ReturnType<typeof parseArguments>['values'];

/** @throws bad-arguments for seconds that are none, or words that no row has. */
function requestOf(values: Values): BenchRequest {
  const { quick = false, shape, model } = values;
  const seconds = numberOption('seconds', values.seconds ?? '1', 3600);
  const only = shape?.split(/\s+/).filter(Boolean) ?? [];
  if (benchSubjects({ only, quick }).length === 0) {
    throw new LabError(
      'bad-arguments',
      `--shape is ${shape}; allowed: words that stand in a row's name, as in "SmolLM2-135M down nf4 M=8".`,
    );
  }
  return {
    ...{ only, quick, seconds },
    ...(!values['no-model'] && {
      model:
        model === undefined
          ? { source: 'bundled', name: 'nibble-tiny' }
          : { source: 'local', name: model.split('/').filter(Boolean).at(-1) ?? model },
    }),
  };
}

async function measure(
  request: BenchRequest,
  values: Values,
  onEvent: (event: BenchEvent) => void,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const device = deviceOf(values);
  const { model } = values;
  const peers = values['no-peers'] ? undefined : onnxruntimeFolder();
  if (values.runtime === 'node') {
    if (peers !== undefined) offerAsNavigators(await nodeGpu());
    const onnxruntime = peers === undefined ? {} : { onnxruntime: `${pathToFileURL(peers).href}/` };
    await bench({ ...request, ...onnxruntime }, nodeHost({ model }, undefined, device), onEvent, signal);
    return undefined;
  }
  const { withBrowserLab } = await import('./browser.ts');
  const served = peers === undefined ? {} : { [SERVED]: peers };
  return withBrowserLab(
    { model },
    device,
    async (lab, { model_files }, _, __, base) => {
      signal.addEventListener('abort', () => void lab.cancel().catch(() => undefined));
      const onnxruntime = peers === undefined ? {} : { onnxruntime: `${base}${SERVED}/` };
      return lab.bench({ ...request, ...onnxruntime, model_files }, onEvent);
    },
    { served },
  );
}

const SERVED = 'onnxruntime-web';

/** Where onnxruntime-web is installed; undefined where it is not, as without development packages. */
function onnxruntimeFolder(): string | undefined {
  try {
    const require = createRequire(import.meta.url);
    return dirname(require.resolve('onnxruntime-web'));
  } catch {
    console.error('onnxruntime-web is not installed: its kernels are not timed. "npm install" installs it.');
    return undefined;
  }
}

/** Says a step on stderr as it happens. */
function say(event: BenchEvent): void {
  switch (event.type) {
    case 'begun':
      console.error(`${adapterName(event.adapter)} (${event.runtime})`);
      break;
    case 'ceiling':
      console.error(ceilingText(event.ceiling));
      break;
    case 'row':
      console.error(`${event.done} of ${event.total}: ${rowLine(event.row)}`);
      break;
    case 'gap':
      console.error(`${event.done} of ${event.total}: ${rowLine(event.gap)}`);
      break;
    case 'measuring':
      console.error(`the model under ${event.what}`);
      break;
    case 'model':
      break;
  }
}

async function compare(paths: string[], json: boolean): Promise<number> {
  if (paths.length !== 2) {
    throw new LabError('bad-arguments', `bench --compare was given ${paths.length} files; allowed: two.`);
  }
  const [a, b] = await Promise.all(paths.map(readReport));
  const found = compareBench(a!, b!);
  console.log(json ? JSON.stringify(found) : comparisonText(found));
  return 0;
}

/** @throws bad-arguments when the file cannot be read or is not JSON, bad-data naming what is wrong in it. */
async function readReport(path: string): Promise<BenchReport> {
  const read = await readFile(path, 'utf8').catch(() => {
    throw new LabError('bad-arguments', `${path} is not a file that can be read.`);
  });
  let json: unknown;
  try {
    json = parseJson(read);
  } catch {
    throw new LabError('bad-arguments', `${path} is not JSON; allowed: a file that bench --out wrote.`);
  }
  try {
    return parseBenchReport(json);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}
