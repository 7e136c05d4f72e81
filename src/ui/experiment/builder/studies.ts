import { LabError } from '../../../errors.ts';
import { PUBLISHED_STUDIES, type PublishedStudy } from '../../../study/published.ts';
import { canonicalJson, parseSpec, type ExperimentSpec } from '../../../study/spec.ts';

/** The specs in examples/, each fetched when it is wanted. */
const EXAMPLES = import.meta.glob<unknown>('../../../../examples/*.json', { import: 'default' });

/** The spec of a file in examples/. */
export async function readExample(name: string): Promise<ExperimentSpec> {
  const read = EXAMPLES[`../../../../examples/${name}`];
  if (!read) throw new LabError('bad-spec', `There is no example ${name}.`);
  return parseSpec(await read());
}

/** The part of a spec that is equal for two that ask the same question, on any number of items and at any commit. */
const question = ({ model, configs, tasks }: ExperimentSpec): string =>
  canonicalJson({
    model: model.source === 'hub' ? model.repo : model.source,
    configs,
    tasks: tasks.map(({ task, num_fewshot }) => ({ task, num_fewshot })),
  });

/** The published study whose question a spec asks, in its own size or a smaller one; undefined where there is none. */
export async function studyOf(spec: ExperimentSpec): Promise<PublishedStudy | undefined> {
  for (const study of PUBLISHED_STUDIES) {
    for (const name of [...study.specs.full, ...study.specs.small]) {
      if (question(await readExample(name)) === question(spec)) return study;
    }
  }
  return undefined;
}
