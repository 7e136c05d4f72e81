import { formNames } from '../../gpu/kernel_version.ts';

/** Parts of the page that a class link may leave out, under the names that `data-part` gives them. */
export const PARTS = {
  block: 'Block size',
  outliers: 'Outliers',
  weights: 'Choice of weights',
  own: 'Own codebooks',
  strips: 'Everything below the first figure',
  presets: 'Presets and studies',
  model: 'Choice of the model',
  configs: 'Configurations',
  questions: 'Choice of questions',
  seed: 'Seed',
  save: 'Saving a quantized copy',
} as const;
export type Part = keyof typeof PARTS;

/** Options of the whole page: the part of the address before the "#", which no screen changes. */
export interface PageOptions {
  /** One figure, no bars: for slides. */
  embed: boolean;
  /** Larger type and fewer digits. */
  projector: boolean;
  /** A class link's title. */
  title: string;
  /** The lesson that is open. */
  lesson: string;
  hidden: Part[];
  /** An experiment that a class shares: into how many shares it is cut, and which one is this page's, from 0, if that is said. */
  share?: { of: number; index?: number };
  /** Names of the forms of the matmul that are taken, and no others: for a report of what one of them does. */
  kernels?: string[];
}

const MOST_TITLE = 100;

/** Seats of a class at most. */
export const MOST_SEATS = 1000;

/** The options in a location's `search`; unknown ones are ignored. */
export function parseOptions(search: string): PageOptions {
  const query = new URLSearchParams(search);
  const hidden = (query.get('hide') ?? '').split(',');
  const share = parseShare(query.get('shard') ?? '');
  const kernels = formNames(query.get('kernels') ?? '');
  return {
    embed: query.has('embed'),
    projector: query.has('projector'),
    title: (query.get('title') ?? '').slice(0, MOST_TITLE),
    lesson: query.get('lesson') ?? '',
    hidden: (Object.keys(PARTS) as Part[]).filter((part) => hidden.includes(part)),
    ...(share && { share }),
    ...(kernels.length > 0 && { kernels }),
  };
}

/** "3/30" is share 3 of 30, "30" one of 30 that the reader is asked for; undefined for anything else. */
function parseShare(text: string): PageOptions['share'] {
  const [, index, of] = /^(?:(\d+)\/)?(\d+)$/.exec(text) ?? [];
  const share = { of: Number(of), ...(index !== undefined && { index: Number(index) }) };
  return share.of >= 1 && share.of <= MOST_SEATS && (share.index ?? 0) < share.of ? share : undefined;
}

/** The options as a location's `search`: `?lesson=block-size&hide=seed`; empty for none. */
export function printOptions({
  embed,
  projector,
  title,
  lesson,
  hidden,
  share,
  kernels,
}: PageOptions): string {
  const parts = [
    ...(embed ? ['embed'] : []),
    ...(projector ? ['projector'] : []),
    ...(title ? [`title=${encodeURIComponent(title)}`] : []),
    ...(lesson ? [`lesson=${encodeURIComponent(lesson)}`] : []),
    ...(hidden.length > 0 ? [`hide=${hidden.join(',')}`] : []),
    ...(kernels ? [`kernels=${kernels.map(encodeURIComponent).join(',')}`] : []),
    ...(share ? [`shard=${share.index === undefined ? '' : `${share.index}/`}${share.of}`] : []),
  ];
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

/** Puts the options that concern the whole page onto it: app.css does the rest. */
export function applyOptions({ projector, hidden }: PageOptions): void {
  const { dataset } = document.documentElement;
  if (projector) dataset['projector'] = '';
  else delete dataset['projector'];
  const sheet = new CSSStyleSheet();
  // Names of our own list alone: a link comes from anyone.
  sheet.replaceSync(hidden.map((part) => `[data-part~='${part}'] { display: none !important; }`).join('\n'));
  document.adoptedStyleSheets = [sheet];
}
