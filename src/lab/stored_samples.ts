import { LabError } from '../errors.ts';
import { assembleResult } from '../study/assemble.ts';
import type { ExperimentResult } from '../study/result.ts';
import { compareSamples, type SamplesCompared } from '../study/samples/compare_samples.ts';
import { samplesOfFiles } from '../study/samples/sample_files.ts';
import type { Host } from './host.ts';
import { requireReadable } from './read_results.ts';
import { pathPart, samplesFiles, samplesOf } from './samples_of.ts';
import type { Store } from './store.ts';

/** Each configuration of a stored run against the samples in files, task by task. @throws all of compareSamples' */
export async function compareWithSamples(
  store: Store,
  id: string,
  files: readonly File[],
  host: Host,
): Promise<SamplesCompared[]> {
  files.forEach(requireReadable);
  const texts = await Promise.all(
    files.map(async (file) => ({ name: file.name, path: file.name, text: await file.text() })),
  );
  const theirs = samplesOfFiles(texts.length === 1 ? 'the file' : 'the files', texts);
  const result = await storedResult(store, id);
  const ours = await samplesOf(result, host, 'This run');
  return ours.flatMap((model) => compareSamples(theirs, model, result.spec.seed));
}

/** The answers of a stored run as files of samples; the name says whose they are. */
export async function writeSamples(
  store: Store,
  id: string,
  host: Host,
): Promise<{ name: string; file: Blob }[]> {
  const files = await samplesFiles(await storedResult(store, id), host, 'This run');
  return files
    .filter(({ lines }) => lines.length > 0)
    .map(({ config, name, lines }) => ({
      name: `${pathPart(config)}_${name}`,
      file: new Blob(lines.map((line) => `${line}\n`)),
    }));
}

async function storedResult(store: Store, id: string): Promise<ExperimentResult> {
  const record = await store.get(id);
  const result = record && assembleResult(record, await store.items(id));
  if (result) return result;
  throw new LabError('missing-data', 'This run has no answers in this browser.');
}
