import { shown } from '../model/config_fields.ts';
import type { KeyFate } from '../model/key_fates.ts';
import { footprintText } from '../study/footprint_table.ts';
import { bosText, VERSION_5_RULE } from '../study/view/reading.ts';
import type { Inspected, Verdict } from './inspect.ts';

/** Refusals that are shown beside the first; a checkpoint may lack thousands of tensors. */
const MOST_REFUSALS = 4;

/** What `inspect` prints of one path, in lines: the verdict, the files' keys, the footprint, the tensors. */
export function inspectionText({ verdict, config }: Inspected, context: number): string[] {
  const { file, tensors, files, footprints } = verdict;
  return [
    ...refusalLines(verdict),
    ...files.flatMap(({ file: name, keys }) => keyLines(name, keys)),
    ...readingLines(verdict),
    ...(footprints && config ? [...footprintText(config, context).split('\n'), ''] : []),
    ...(tensors.length === 0
      ? verdict.warnings.map((warning) => `${file}: warning: ${warning}`)
      : tensorLines(verdict)),
  ].map(printable);
}

function refusalLines({ file, refusals }: Verdict): string[] {
  const [first, ...others] = refusals;
  if (!first) return [];
  const more = others.length - MOST_REFUSALS;
  return [
    `${file}: refused (${first.code}): ${first.message}`,
    ...others.slice(0, MOST_REFUSALS).map(({ message }) => `  also refused: ${message}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function keyLines(file: string, keys: readonly KeyFate[]): string[] {
  const named = (fate: KeyFate['fate']) =>
    keys
      .filter((each) => each.fate === fate)
      .map(({ key }) => key)
      .join(', ');
  const lines = [
    ['read', named('read')],
    ...harmlessLines(keys).map((text) => ['harmless', text]),
    ...keys.flatMap((each) =>
      each.fate === 'refused' ? [['refused', `${each.key}: ${shown(each.value)}`]] : [],
    ),
    ['not reached', named('unreached')],
  ];
  return [
    file,
    ...lines.filter(([, text]) => text !== '').map(([what, text]) => `  ${what!.padEnd(11)}  ${text}`),
    '',
  ];
}

/** Keys that share a reason, in one line. */
function harmlessLines(keys: readonly KeyFate[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const each of keys) {
    if (each.fate === 'harmless') byReason.set(each.reason, [...(byReason.get(each.reason) ?? []), each.key]);
  }
  return [...byReason].map(([reason, names]) => `${names.join(', ')} (${reason})`);
}

function readingLines({ bos_in_front, version_4_notes }: Verdict): string[] {
  if (bos_in_front === undefined && version_4_notes.length === 0) return [];
  return [
    ...(bos_in_front === undefined ? [] : [`prompts: ${bosText(bos_in_front)}`]),
    `rules: ${VERSION_5_RULE}`,
    ...version_4_notes.map((note) => `  ${note}`),
    '',
  ];
}

function tensorLines({ file, tensors, warnings, metadata }: Verdict): string[] {
  const bytes = tensors.reduce((sum, { data_offsets: [begin, end] }) => sum + end - begin, 0);
  const width = Math.max(0, ...tensors.map(({ name }) => printable(name).length));
  return [
    `${file}: ${tensors.length} tensors, ${bytes} bytes of data`,
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...Object.entries(metadata).map(([key, value]) => `  ${printable(key)} = ${printable(value)}`),
    ...tensors.map(
      ({ name, dtype, shape }) =>
        `  ${printable(name).padEnd(width)}  ${dtype.padEnd(4)}  [${shape.join(', ')}]`,
    ),
  ];
}

/** Names come from anyone: control characters would reach the terminal. */
const printable = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
