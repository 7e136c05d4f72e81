import { dirname, join } from 'node:path';
import { LabError } from '../errors.ts';
import { mergeParts, type Merged, type Part } from '../lab/merge.ts';
import { resultTable } from '../study/export.ts';
import { shardName } from '../study/shard.ts';
import { parseArguments } from './arguments.ts';
import { requireWritable } from './output_file.ts';
import { readRun } from './read_result.ts';
import { readSpec } from './read_spec.ts';
import { writeResult } from './result_file.ts';

/**
 * `merge SPEC PARTS… --out RESULT`: the results of all shards of a spec as the one result they are; exit status 1 where
 * shards are missing, each with the command that answers it. With --partial what there is is merged all the same.
 */
export async function mergeCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, ['out', 'partial', 'mixed', 'json']);
  const [source, ...paths] = positionals;
  if (source === undefined || paths.length === 0) {
    throw new LabError(
      'bad-arguments',
      `merge was given ${positionals.length} files; allowed: a spec and the results of its shards.`,
    );
  }
  if (values.out !== undefined) requireWritable(values.out);
  const spec = await readSpec(source);
  const parts: Part[] = [];
  for (const path of paths) parts.push({ name: path, run: await readRun(path) });
  const merged = mergeParts(spec, parts, values);
  const { result, missing } = merged;
  if (missing.length === 0 || values.partial) {
    console.log(values.json ? JSON.stringify(result) : resultTable(result));
    if (values.out !== undefined) writeResult(values.out, result);
  }
  if (missing.length > 0) console.error(missingText(merged, source, dirname(paths[0]!)));
  return missing.length > 0 || result.state !== 'done' ? 1 : 0;
}

/** Commands of this many shards are printed; more are counted. */
const PRINTED = 20;

function missingText({ cut, missing }: Merged, source: string, folder: string): string {
  const mixed = cut.mixed ? ' --mixed' : '';
  const { of } = cut;
  const commands = missing
    .slice(0, PRINTED)
    .map(
      (index) =>
        `  npm run -s lab -- run ${source} --shard ${shardName({ index, of })}${mixed} --out ${join(folder, `${index}.json`)}`,
    );
  const more = missing.length > PRINTED ? [`  and ${missing.length - PRINTED} more`] : [];
  return [
    `${of - missing.length} of ${of} shards are here; these are missing (add --model, --data and --runtime as the others had them):`,
    ...commands,
    ...more,
  ].join('\n');
}
