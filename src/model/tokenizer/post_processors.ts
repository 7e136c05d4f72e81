import { isObject, quoted, readPart, refuse, type Fields, type PartTable } from './fields.ts';

/** Ids that stand around a text whose special tokens are asked for. */
export interface Frame {
  before: readonly number[];
  after: readonly number[];
}

const NOTHING: Frame = { before: [], after: [] };

/** The post-processors of the Rust library (tokenizers 0.23), for a single text. */
const POST_PROCESSORS: PartTable<Frame> = {
  ByteLevel(fields) {
    fields.skip('add_prefix_space', 'trim_offsets', 'use_regex');
    return NOTHING;
  },
  BertProcessing: pairOf,
  RobertaProcessing(fields) {
    fields.skip('trim_offsets', 'add_prefix_space');
    return pairOf(fields);
  },
  TemplateProcessing(fields) {
    fields.skip('pair');
    const tokens = fields.value('special_tokens');
    const parts = fields.list('single').map((part): readonly number[] | 'text' => {
      if (isObject(part) && isObject(part.Sequence) && part.Sequence.id === 'A') return 'text';
      const name = isObject(part) && isObject(part.SpecialToken) ? part.SpecialToken.id : undefined;
      const token = isObject(tokens) && typeof name === 'string' ? tokens[name] : undefined;
      if (isObject(token) && isIds(token.ids)) return token.ids;
      return refuse(`${fields.where}: single has ${quoted(part)}; allowed: a special token, the sequence A.`);
    });
    const place = parts.indexOf('text');
    if (place < 0 || place !== parts.lastIndexOf('text')) {
      refuse(`${fields.where}: single must have the sequence A once.`);
    }
    const ids = (some: typeof parts) => some.flatMap((part) => (part === 'text' ? [] : [...part]));
    return { before: ids(parts.slice(0, place)), after: ids(parts.slice(place + 1)) };
  },
  Sequence(fields) {
    const frames = fields.list('processors').map((part) => readPostProcessor(part));
    const adding = frames.filter(({ before, after }) => before.length + after.length > 0);
    if (adding.length > 1) refuse(`${fields.where}: two processors add tokens; this is not computed here.`);
    return adding[0] ?? NOTHING;
  },
};

const isIds = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((id) => Number.isSafeInteger(id));

/** The frame of Bert and Roberta: `cls` before, `sep` after, each a token and its id. */
function pairOf(fields: Fields): Frame {
  const idOf = (key: string): number => {
    const id = fields.list(key)[1];
    return Number.isSafeInteger(id) ? (id as number) : refuse(`${fields.where}: ${key} has no id.`);
  };
  return { before: [idOf('cls')], after: [idOf('sep')] };
}

/** @throws bad-tokenizer when it is not computed here */
export const readPostProcessor = (json: unknown): Frame => readPart(json, 'post_processor', POST_PROCESSORS);
