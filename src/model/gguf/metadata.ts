import { LabError } from '../../errors.ts';
import type { Gguf, GgufValue } from '../../tensor/gguf.ts';
import { quote } from '../../tensor/json.ts';

/** The metadata of a GGUF file as it is asked for: what nobody asks for may be another model's arithmetic. */
export interface Metadata {
  /** general.architecture */
  readonly architecture: string;
  /** The sizes of a tensor, rows first; undefined where the file lacks it. */
  shapeOf(tensor: string): readonly number[] | undefined;
  /** A whole number of the architecture: `count('block_count')`; the missing value where there is none. */
  count(key: string, missing?: number): number;
  number(key: string, missing?: number): number;
  text(key: string, missing: string): string;
  flag(key: string, missing: boolean): boolean;
  has(key: string): boolean;
  /** Keys of the architecture that nobody has asked for. */
  unread(): string[];
}

/** @throws bad-gguf where the file names no architecture, or a value that is asked for is missing or of another kind */
export function metadataOf(file: string, { metadata, tensors }: Gguf): Metadata {
  const architecture = metadata.get('general.architecture');
  if (typeof architecture !== 'string') {
    throw new LabError('bad-gguf', `${file} has no general.architecture; a model names its own.`);
  }
  const prefix = `${architecture}.`;
  const read = new Set<string>();
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const wrong = (key: string, value: GgufValue | undefined, wanted: string): never => {
    const found = value === undefined ? 'no value' : shown(value);
    throw new LabError('bad-gguf', `${file} has ${found} for ${prefix}${key}; allowed: ${wanted}.`);
  };
  const valueOf = (key: string): GgufValue | undefined => {
    read.add(key);
    const value = metadata.get(prefix + key);
    // Some sizes are lists of one for each layer.
    if (Array.isArray(value) && value.length > 0 && value.every((each) => each === value[0]))
      return value[0] as GgufValue;
    return value;
  };
  const number = (key: string, missing?: number): number => {
    const value = valueOf(key) ?? missing;
    if (typeof value === 'number' && Number.isFinite(value)) return shortest(value);
    return wrong(key, value, 'a number');
  };
  return {
    architecture,
    shapeOf: (tensor) => shapes.get(tensor),
    number,
    count(key, missing) {
      const value = number(key, missing);
      return Number.isInteger(value) && value >= 0 ? value : wrong(key, value, 'a whole number');
    },
    text(key, missing) {
      const value = valueOf(key) ?? missing;
      return typeof value === 'string' ? value : wrong(key, value, 'a text');
    },
    flag(key, missing) {
      const value = valueOf(key) ?? missing;
      return typeof value === 'boolean' ? value : wrong(key, value, 'true or false');
    },
    has: (key) => valueOf(key) !== undefined,
    unread: () =>
      [...metadata.keys()]
        .filter((key) => key.startsWith(prefix))
        .map((key) => key.slice(prefix.length))
        .filter((key) => !read.has(key)),
  };
}

function shown(value: GgufValue): string {
  if (typeof value === 'string') return quote(value);
  return Array.isArray(value) ? `a list of ${value.length}` : String(value);
}

/** The shortest decimal of a float32: 1e-5 and not 0.000009999999747378752. Other numbers stay as they are. */
export function shortest(value: number): number {
  if (Math.fround(value) !== value || Number.isInteger(value)) return value;
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
