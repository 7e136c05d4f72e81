/**
 * What the lanes of one workgroup read of each buffer and workgroup array, in the order of their program: element
 * numbers, as the shader writes them between brackets. `touched.packed[3]` are those of lane 3.
 */
export type Touched = Record<string, number[][]>;

/** Collects what lanes touch. */
export interface Collector {
  touched: Touched;
  read: (lane: number, ...touches: readonly Touch[]) => void;
}

/** An element of a buffer or of a workgroup array. */
export type Touch = readonly [array: string, index: number];

/** A collector for a workgroup of so many lanes. */
export function collect(lanes: number): Collector {
  const touched: Touched = {};
  return {
    touched,
    read(lane, ...touches) {
      for (const [array, index] of touches) {
        touched[array] ??= Array.from({ length: lanes }, () => []);
        touched[array][lane]!.push(index);
      }
    },
  };
}

/** Bytes of an element of each buffer of a shader, as its text declares them: 16 of `array<vec4f>`. */
export function elementBytes(wgsl: string): Record<string, number> {
  const arrays = [...wgsl.matchAll(/var<storage[^>]*> (\w+): array<(?:vec(\d))?/g)];
  return Object.fromEntries(arrays.map(([, name, components]) => [name!, 4 * Number(components ?? 1)]));
}

/** How well the lanes of a group use what memory brings them. */
export interface Use {
  /** Bytes that the group reads at least once. */
  useful: number;
  /** Bytes of the lines that hold them. */
  lines: number;
  /** Bytes of lines that are asked for when `subgroup` lanes read at a time and nothing is kept in between. */
  asked: number;
}

/** Counts the lines of `line` bytes behind elements of `bytes`, read by `subgroup` lanes at a time. */
export function useOf(
  lanes: readonly (readonly number[])[],
  { bytes, line, subgroup }: { bytes: number; line: number; subgroup: number },
): Use {
  const lineOf = (index: number): number => Math.floor((index * bytes) / line);
  const elements = new Set(lanes.flat());
  let asked = 0;
  for (const { indices } of instructions(lanes, subgroup)) asked += line * new Set(indices.map(lineOf)).size;
  return {
    useful: bytes * elements.size,
    lines: line * new Set([...elements].map(lineOf)).size,
    asked,
  };
}

/** Banks of workgroup memory, each 4 bytes wide, and the bytes that they serve at a time. */
const BANKS = 32;

/**
 * How many times as long the banks of workgroup memory take than they would if no two of them were asked for different
 * words: 1 is free of conflicts. Lanes that read wide elements are served some at a time, 128 bytes together.
 */
export function bankConflicts(
  lanes: readonly (readonly number[])[],
  { bytes, subgroup }: { bytes: number; subgroup: number },
): number {
  const words = bytes / 4;
  const together = Math.max(1, Math.floor(BANKS / words));
  let [rounds, least] = [0, 0];
  for (const { indices } of instructions(lanes, subgroup)) {
    for (let i = 0; i < indices.length; i += together) {
      const banks = new Map<number, Set<number>>();
      for (const index of indices.slice(i, i + together)) {
        for (let word = index * words; word < (index + 1) * words; word++) {
          const bank = word % BANKS;
          banks.set(bank, (banks.get(bank) ?? new Set()).add(word));
        }
      }
      rounds += Math.max(...[...banks.values()].map(({ size }) => size));
      least++;
    }
  }
  return least === 0 ? 1 : rounds / least;
}

/** What lanes beside each other read at the same point of their program. */
function* instructions(
  lanes: readonly (readonly number[])[],
  subgroup: number,
): Generator<{ indices: number[] }> {
  for (let first = 0; first < lanes.length; first += subgroup) {
    const some = lanes.slice(first, first + subgroup);
    const longest = Math.max(...some.map(({ length }) => length));
    for (let i = 0; i < longest; i++) {
      yield { indices: some.flatMap((lane) => (i < lane.length ? [lane[i]!] : [])) };
    }
  }
}
