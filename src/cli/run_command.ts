import { readFile } from 'node:fs/promises';
import { LabError, toFailure, type Failure } from '../errors.ts';
import { resultTable } from '../study/export.ts';
import { specOfQuery } from '../study/permalink.ts';
import type { RunEvent } from '../lab/protocol.ts';
import { restore } from '../lab/restore.ts';
import { run } from '../lab/run.ts';
import { parseSpec, type ExperimentSpec } from '../study/spec.ts';
import { openAnswers, type Answers, type Ended } from './answers.ts';
import { parseArguments } from './arguments.ts';
import { listenForSignals } from './interrupt.ts';
import { nodeHost } from './node_host.ts';
import { nodeHub, savedToken } from './node_hub.ts';
import { progressPrinter } from './progress.ts';
import { parseJson } from '../tensor/parse_json.ts';

/**
 * `run SPEC.json|LINK`: measures and prints the table. With --out each answer is written as it comes, the result after
 * each configuration and at the end; --resume goes on from those answers. What ends it early leaves a valid result, too.
 */
export async function runCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, [
    ...(['model', 'data', 'adapter', 'runtime', 'out', 'resume', 'json'] as const),
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
  const answers = openAnswers(spec, values);
  const interrupt = listenForSignals();
  try {
    const measured = measure(spec, values, answers, interrupt.signal).catch(toFailure);
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
  spec: ExperimentSpec,
  values: Values,
  { resumed, follow, stopped }: Answers,
  interrupted: AbortSignal,
): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  const progress = progressPrinter(spec);
  const onEvent = (event: RunEvent): void => {
    progress(event);
    follow(event);
    if (event.type === 'failed') ({ failure } = event);
  };
  const stop = AbortSignal.any([interrupted, stopped]);
  const request = { spec, ...(resumed && { resume: resumed.record.id }) };
  if (values.runtime === 'node') {
    const hub = nodeHub((text) => onEvent({ type: 'note', text }));
    const host = nodeHost(values, hub);
    if (resumed) await restore(host.store, resumed.record, resumed.items);
    await run(request, host, onEvent, stop);
  } else {
    const { withBrowserLab } = await import('./browser.ts');
    await withBrowserLab(values, async (lab, files, _, put) => {
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

/** A spec from a file, or from a link that carries one. */
async function readSpec(source: string): Promise<ExperimentSpec> {
  // Some programs escape the marks that begin the part behind an address.
  const carried = /(?:#|%23)\/experiment(?:\?|%3f)(.+)$/is.exec(source)?.[1];
  if (carried) return specOfQuery(carried);
  const text = await readFile(source, 'utf8').catch(() => {
    throw new LabError(
      'bad-arguments',
      `${source} is neither a file that can be read nor a link with a spec.`,
    );
  });
  try {
    return parseSpec(parseJson(text));
  } catch (error) {
    if (error instanceof LabError) throw new LabError(error.code, `${source}: ${error.message}`);
    throw new LabError('bad-spec', `${source} is not JSON: ${(error as Error).message}.`);
  }
}
