import { LabError, toFailure, type Failure } from '../errors.ts';
import { resultTable } from '../study/export.ts';
import type { RunEvent, RunRequest } from '../lab/protocol.ts';
import { restore } from '../lab/restore.ts';
import { run } from '../lab/run.ts';
import { parseShard } from '../study/shard.ts';
import { openAnswers, type Answers, type Ended } from './answers.ts';
import { adaptersOf, deviceOf, parseArguments } from './arguments.ts';
import { listenForSignals } from './interrupt.ts';
import { nodeHost, type Device } from './node_host.ts';
import { nodeHub, savedToken } from './node_hub.ts';
import { progressPrinter } from './progress.ts';
import { readSpec } from './read_spec.ts';

/**
 * `run SPEC.json|LINK`: measures and prints the table. With --out each answer is written as it comes, the result after
 * each configuration and at the end; --resume goes on from those answers. What ends it early leaves a valid result, too.
 */
export async function runCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, [
    ...(['model', 'data', 'adapter', 'kernels', 'lora', 'runtime'] as const),
    ...(['out', 'resume', 'shard', 'mixed', 'json'] as const),
  ]);
  if (positionals.length !== 1) {
    throw new LabError(
      'bad-arguments',
      `run was given ${positionals.length} specs; allowed: one file or link.`,
    );
  }
  const spec = await readSpec(positionals[0]!);
  if (values.model !== undefined && spec.model.source === 'bundled') {
    throw new LabError(
      'bad-arguments',
      '--model was given, but the spec names a bundled model; allowed with "local" and "hub".',
    );
  }
  if (values.mixed && values.shard === undefined) {
    throw new LabError('bad-arguments', '--mixed was given without --shard; it says how shards are cut.');
  }
  const shard = values.shard === undefined ? undefined : parseShard(values.shard, values.mixed);
  const device = deviceOf(values);
  const { lora } = adaptersOf(values);
  const answers = openAnswers(spec, values, shard);
  const interrupt = listenForSignals();
  try {
    const asked = { ...values, adapter: lora };
    const measured = measure({ spec, shard }, asked, device, answers, interrupt.signal).catch(toFailure);
    const failure = await Promise.race([measured, interrupt.over.then(() => STOPPED)]);
    return report(answers.end(failure, interrupt.came()), values);
  } finally {
    interrupt.close();
  }
}

const STOPPED: Failure = toFailure(new LabError('cancelled', 'The run was stopped.'));

type Values = ReturnType<typeof parseArguments>['values'];

/** Runs to the end, in Node or in a browser: nothing, or why it ended early. */
async function measure(
  asked: Pick<RunRequest, 'spec' | 'shard'>,
  values: Values,
  device: Required<Device>,
  { resumed, follow, stopped }: Answers,
  interrupted: AbortSignal,
): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  const progress = progressPrinter(asked.spec);
  const onEvent = (event: RunEvent): void => {
    progress(event);
    follow(event);
    if (event.type === 'failed') ({ failure } = event);
  };
  const stop = AbortSignal.any([interrupted, stopped]);
  const request = { ...asked, ...(resumed && { resume: resumed.record.id }) };
  if (values.runtime === 'node') {
    const hub = nodeHub((text) => onEvent({ type: 'note', text }));
    const host = nodeHost(values, hub, device);
    if (resumed) await restore(host.store, resumed.record, resumed.items);
    await run(request, host, onEvent, stop);
  } else {
    const { withBrowserLab } = await import('./browser.ts');
    await withBrowserLab(values, device, async (lab, files, _, put) => {
      if (resumed) await put(resumed.record, resumed.items);
      stop.addEventListener('abort', () => void lab.cancel().catch(() => undefined));
      if (!stop.aborted) await lab.run({ ...request, ...files, hub_token: savedToken(process.env) }, onEvent);
    });
  }
  return failure;
}

/** Prints before it writes: a full disk must not keep the table back. */
function report({ result, failure, write, note }: Ended, { json }: Values): number {
  if (result) console.log(json ? JSON.stringify(result) : resultTable(result));
  write();
  if (note) console.error(note);
  // Which answers are missing, and why, stands below the table.
  if (!failure) return result?.state === 'incomplete' ? 1 : 0;
  if (failure.status !== undefined) return failure.status;
  throw new LabError(failure.code, failure.message);
}
