import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { LabError, type Failure } from '../errors.ts';
import { resultTable } from '../study/export.ts';
import { specOfQuery } from '../study/permalink.ts';
import type { RunEvent } from '../lab/protocol.ts';
import type { ExperimentResult } from '../study/result.ts';
import { run } from '../lab/run.ts';
import { parseSpec, type ExperimentSpec } from '../study/spec.ts';
import { parseArguments } from './arguments.ts';
import { partialResult } from './partial_result.ts';
import { nodeHost } from './node_host.ts';
import { nodeHub, savedToken } from './node_hub.ts';
import { progressPrinter } from './progress.ts';

/** `run SPEC.json|LINK`: measures, prints the table, writes the result after each configuration and at the end. */
export async function runCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, [
    'model',
    'data',
    'adapter',
    'runtime',
    'out',
    'json',
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
  const progress = progressPrinter(spec);
  let result: ExperimentResult | undefined;
  let failure: Failure | undefined;
  const soFar = partialResult(spec);
  const onEvent = (event: RunEvent): void => {
    progress(event);
    soFar.take(event);
    if (event.type === 'config-done' && values.out) writeResult(values.out, soFar.result());
    if (event.type === 'finished') result = event.result;
    if (event.type === 'failed') ({ failure, result } = event);
  };

  if (values.runtime === 'node') {
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    const hub = nodeHub((text) => onEvent({ type: 'note', text }));
    await run({ spec }, nodeHost(values, hub), onEvent, stop.signal);
  } else {
    const { withBrowserLab } = await import('./browser.ts');
    await withBrowserLab(values, (lab, files) =>
      lab.run({ spec, ...files, hub_token: savedToken(process.env) }, onEvent),
    );
  }

  if (values.out) writeResult(values.out, result);
  if (result) console.log(values.json ? JSON.stringify(result) : resultTable(result));
  // Which answers are missing, and why, stands below the table.
  if (!failure) return result?.state === 'incomplete' ? 1 : 0;
  throw new LabError(failure.code, failure.message);
}

/** Waits for the disk: what was measured must lie there before more is. */
function writeResult(path: string, result: ExperimentResult | undefined): void {
  if (result) writeFileSync(path, JSON.stringify(result, null, 1) + '\n');
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
    return parseSpec(JSON.parse(text));
  } catch (error) {
    if (error instanceof LabError) throw new LabError(error.code, `${source}: ${error.message}`);
    throw new LabError('bad-spec', `${source} is not JSON: ${(error as Error).message}.`);
  }
}
