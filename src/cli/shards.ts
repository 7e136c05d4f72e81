import { LabError } from '../errors.ts';
import type { Host } from '../lab/host.ts';
import { pinned } from '../lab/identity.ts';
import { planItems, type PlannedItem } from '../lab/plan.ts';
import { probe } from '../lab/probe.ts';
import { openChatTemplate } from '../model/chat/chat_template.ts';
import { estimateRun, type Estimate } from '../study/estimate.ts';
import { MOST_SHARDS } from '../study/shard.ts';
import type { ExperimentSpec } from '../study/spec.ts';
import { count, durationRange, whole } from '../study/view/format.ts';
import { adaptersOf, parseArguments } from './arguments.ts';
import { numberOption } from './numbers.ts';
import { nodeHost } from './node_host.ts';
import { requireWritable, writeWhole } from './output_file.ts';
import { readRun } from './read_result.ts';
import { readSpec } from './read_spec.ts';

/**
 * `shards SPEC --minutes 10`: into how many shards of about so many minutes a spec may be cut. Its speed is told by a
 * result of the same model (--measured, a part will do), or by a short probe of this machine's GPU. --out writes the
 * spec with its model and adapter at the commits they are at now, so that all shards read the same.
 */
export async function shardsCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, [
    ...(['minutes', 'measured', 'model', 'adapter', 'lora', 'data', 'out', 'json'] as const),
  ]);
  const [source] = positionals;
  if (source === undefined || positionals.length > 1) {
    throw new LabError('bad-arguments', `shards was given ${positionals.length} specs; allowed: one.`);
  }
  const minutes = numberOption('minutes', values.minutes ?? '10', 10_000);
  if (values.out !== undefined) requireWritable(values.out);
  const host = nodeHost({ ...values, adapter: adaptersOf(values).lora });
  const spec = await pin(await readSpec(source), host);
  const { signal } = new AbortController();
  const openChat = async () =>
    openChatTemplate((await host.openFiles(spec.model, () => undefined, signal)).files, new Date());
  const { items } = await planItems(spec, host.data, signal, {}, openChat, host.hub);
  const time = await timeOf(spec, items, host, values.measured);
  if (!time) {
    throw new LabError(
      'bad-arguments',
      'A probe does not tell how long these tasks take; allowed: --measured with a result of this model, of one shard perhaps.',
    );
  }
  const [least, most] = time.seconds;
  const shards = Math.max(1, Math.min(MOST_SHARDS, Math.round(Math.sqrt(least * most) / (60 * minutes))));
  if (values.out !== undefined) writeWhole(values.out, `${JSON.stringify(spec, null, 1)}\n`);
  const answers = items.length * spec.configs.length;
  if (values.json) console.log(JSON.stringify({ shards, answers, seconds: time.seconds, spec }));
  else {
    const by = time.by === 'probe' ? 'by a probe of this GPU' : 'by that result';
    console.log(
      [
        `${whole(answers)} answers (${count(items.length, 'item')}, ${count(spec.configs.length, 'configuration')}) take one GPU about ${durationRange(time.seconds)}, ${by}.`,
        `${count(shards, 'shard')} of about ${minutes} minutes: --shard 0/${shards} to --shard ${shards - 1}/${shards}.`,
      ].join('\n'),
    );
  }
  return 0;
}

/** A spec whose model and adapter are named by commits: a branch may move while machines begin one after another. */
async function pin(spec: ExperimentSpec, host: Host): Promise<ExperimentSpec> {
  const { signal } = new AbortController();
  const quiet = () => undefined;
  const { model } = spec;
  const { adapter } = model;
  const opened = model.source === 'hub' ? await host.openFiles(model, quiet, signal) : undefined;
  const onTop = adapter?.source === 'hub' ? await host.openAdapter(adapter, quiet, signal) : undefined;
  const at = pinned(model, { revision: opened?.revision, adapter: { revision: onTop?.revision } });
  return { ...spec, model: { ...at.model, ...(at.adapter && { adapter: at.adapter }) } };
}

async function timeOf(
  spec: ExperimentSpec,
  items: readonly PlannedItem[],
  host: Host,
  measured: string | undefined,
): Promise<Estimate['time']> {
  // Tasks are as long as they were found to be.
  const tasks = spec.tasks.map((task) => {
    const { doc_ids, ...rest } = task;
    const n = items.filter((item) => item.task === task.task).length;
    return doc_ids ? task : { ...rest, limit: n };
  });
  const counted = { ...spec, tasks };
  if (measured === undefined) return estimateRun(counted, [], await probe(spec, host)).time;
  const { record } = await readRun(measured);
  return estimateRun(counted, [record]).time;
}
