import { LabError } from '../../errors.ts';
import { parseLesson, type Lesson } from './parse_lesson.ts';

/** The lessons in public/lessons, in the order to take them. */
export const LESSONS = [
  'one-block',
  'why-absmax',
  'block-size',
  'nf4-fp4',
  'double-quant',
  'outliers-int8',
  'scale-rules',
  'output-error',
  'calibration',
  'does-it-matter',
  'is-it-real',
  'own-codebook',
] as const;

export type LessonName = (typeof LESSONS)[number];

/** Fetches a lesson of the page. */
export async function readLesson(name: LessonName): Promise<Lesson> {
  const response = await fetch(new URL(`lessons/${name}.md`, document.baseURI)).catch(() => undefined);
  if (!response?.ok) throw new LabError('network', `The lesson ${name} did not arrive.`);
  return parseLesson(await response.text());
}
