import { canonicalJson, type ExperimentSpec } from '../../../study/spec.ts';

/** Whether two specs ask the same, whatever their titles. */
export const sameSpec = (a: ExperimentSpec, b: ExperimentSpec): boolean =>
  canonicalJson({ ...a, title: '' }) === canonicalJson({ ...b, title: '' });
