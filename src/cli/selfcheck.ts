import { type CheckRow, fullCheck } from '../gpu/check.ts';
import { openGpu } from '../gpu/device/device.ts';
import { forceForms } from '../gpu/force_forms.ts';
import { type AdapterReport, adapterName } from '../gpu/adapter.ts';
import { LabError, type Failure } from '../errors.ts';
import { deviceOf, parseArguments } from './arguments.ts';
import { nodeGpu } from './node_gpu.ts';
import { NODE_RUNTIME, type Device } from './node_host.ts';

/** `selfcheck`: every kernel on every shape against the CPU; exit status 1 if one is off. */
export async function selfcheck(args: string[]): Promise<number> {
  const { values } = parseArguments(args, ['runtime', 'adapter', 'kernels', 'json']);
  const device = deviceOf(values);
  const { adapter, runtime, rows } =
    values.runtime === 'node' ? await inNode(device) : await inBrowser(device);
  if (values.json) console.log(JSON.stringify({ adapter, runtime, rows }));
  else {
    console.log(`${adapterName(adapter)} (${runtime})`);
    rows.forEach(print);
    const failed = rows.filter(({ pass }) => !pass).length;
    console.log(failed ? `${failed} of ${rows.length} checks failed.` : `All ${rows.length} checks passed.`);
  }
  return rows.every(({ pass }) => pass) ? 0 : 1;
}

interface Report {
  adapter: AdapterReport;
  runtime: string;
  rows: CheckRow[];
}

async function inNode({ choice, forms }: Required<Device>): Promise<Report> {
  const gpu = forceForms(await openGpu(await nodeGpu(), choice), forms);
  const rows: CheckRow[] = [];
  await fullCheck(gpu, (row) => rows.push(row));
  return { adapter: gpu.adapter, runtime: NODE_RUNTIME, rows };
}

async function inBrowser(device: Required<Device>): Promise<Report> {
  const { withBrowserLab } = await import('./browser.ts');
  return withBrowserLab({}, device, async (lab, _, runtime) => {
    const adapter = await lab.adapter();
    if ('code' in adapter) throw asError(adapter);
    const rows: CheckRow[] = [];
    const failure = await lab.selfCheck((row) => void rows.push(row));
    if (failure) throw asError(failure);
    return { adapter, runtime, rows };
  });
}

const asError = ({ code, message }: Failure): LabError => new LabError(code, message);

function print({ kernel, case: name, max_error, bound, pass, mismatch, note }: CheckRow): void {
  const verdict = pass ? 'ok  ' : 'FAIL';
  const error = max_error.toExponential(1);
  console.log(
    `${verdict} ${kernel.padEnd(16)} ${error.padStart(8)} of ${bound === 0 ? 'exact' : bound.toExponential(1)}  ${name}`,
  );
  if (mismatch ?? note) console.log(mismatch ?? note);
}
