import { describe, expect, it } from 'vitest';
import { LabError } from '../errors.ts';
import { readGguf } from './gguf.ts';
import { seededRandom } from './random.ts';
import { memorySource } from './source.ts';

/** Bytes of a file, put together by what they are. */
const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const u64 = (value: number | bigint): number[] => [
  ...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer),
];
const text = (value: string): number[] => {
  const bytes = new TextEncoder().encode(value);
  return [...u64(bytes.length), ...bytes];
};
const entry = (key: string, type: number, ...value: number[]): number[] => [
  ...text(key),
  ...u32(type),
  ...value,
];
const tensor = (name: string, shape: number[], type: number, offset: number | bigint): number[] => [
  ...text(name),
  ...u32(shape.length),
  ...shape.flatMap((dimension) => u64(dimension)),
  ...u32(type),
  ...u64(offset),
];
interface Parts {
  magic?: number[];
  version?: number;
  entries?: number[][];
  tensors?: number[][];
  data?: number;
}
function fileOf({ magic = [71, 71, 85, 70], version = 3, entries = [], tensors = [], data = 0 }: Parts) {
  const head = [
    ...magic,
    ...u32(version),
    ...u64(tensors.length),
    ...u64(entries.length),
    ...entries.flat(),
    ...tensors.flat(),
  ];
  const start = Math.ceil(head.length / 32) * 32;
  const bytes = new Uint8Array(data > 0 ? start + data : head.length);
  bytes.set(head);
  return memorySource('a.gguf', bytes);
}

const LIST = [9];

describe('readGguf', () => {
  it.each([2, 3])('reads metadata and tensors of version %i', async (version) => {
    const file = await readGguf(
      fileOf({
        version,
        entries: [
          entry('a', 4, ...u32(7)),
          entry('b', 8, ...text('\ufeffé')),
          entry('c', 7, 1),
          entry('d', LIST[0]!, ...u32(8), ...u64(2), ...text('x'), ...text('')),
          entry('e', LIST[0]!, ...u32(5), ...u64(2), ...u32(1), ...u32(2 ** 32 - 1)),
          entry('f', 10, ...u64(2n ** 63n)),
        ],
        tensors: [tensor('w', [64, 3], 2, 0), tensor('v', [2], 0, 128)],
        data: 136,
      }),
    );
    expect([...file.metadata]).toEqual([
      ['a', 7],
      ['b', '\ufeffé'],
      ['c', true],
      ['d', ['x', '']],
      ['e', [1, -1]],
      ['f', 2n ** 63n],
    ]);
    expect(
      file.tensors.map(({ name, shape, type, range }) => [name, shape, type.name, range[1] - range[0]]),
    ).toEqual([
      ['w', [3, 64], 'Q4_0', 108],
      ['v', [2], 'F32', 8],
    ]);
  });

  const one = tensor('w', [32], 0, 0);
  it.each<[string, Parts, string]>([
    ['another kind of file', { magic: [80, 75, 3, 4] }, 'looks like a zip archive'],
    [
      'a version from before',
      { version: 1 },
      'is of version 1; allowed: a little-endian GGUF file of version 2 or 3',
    ],
    ['the other order of bytes', { version: 3 * 2 ** 24 }, 'is big-endian'],
    ['a type of value that is none', { entries: [entry('a', 13, 0)] }, 'metadata "a" of the unknown type 13'],
    ['a key twice', { entries: [entry('a', 7, 1), entry('a', 7, 1)] }, 'has the metadata key "a" twice'],
    ['bytes that are no text', { entries: [entry('a', 8, ...u64(1), 0xff)] }, 'no UTF-8 in metadata "a"'],
    [
      'a list as long as no file',
      { entries: [entry('a', 9, ...u32(4), ...u64(2 ** 40))] },
      `claims ${2 ** 40} values of "a"`,
    ],
    [
      'a length beyond any number',
      { entries: [entry('a', 8, ...u64(2n ** 60n))] },
      'has 1152921504606846976 for',
    ],
    [
      'an alignment that is none',
      { entries: [entry('general.alignment', 4, ...u32(7))] },
      'general.alignment 7',
    ],
    ['dimensions beyond four', { tensors: [tensor('w', [1, 1, 1, 1, 1], 0, 0)] }, 'of 5 dimensions'],
    [
      'a shape larger than any file',
      { tensors: [tensor('w', [2 ** 30, 2 ** 30], 0, 0)] },
      'larger than any file',
    ],
    [
      'rows of no whole block',
      { tensors: [tensor('w', [33], 2, 0)] },
      'rows of 33 weights; of Q4_0 they are multiples of 32',
    ],
    ['an offset out of line', { tensors: [tensor('w', [2], 0, 4)], data: 64 }, 'at 4, no multiple of 32'],
    [
      'tensors that overlap',
      { tensors: [one, tensor('v', [32], 0, 32)], data: 256 },
      '"w" and "v" that overlap',
    ],
    ['a tensor twice', { tensors: [one, tensor('w', [32], 0, 128)], data: 256 }, 'has tensor "w" twice'],
  ])('refuses %s', async (_, parts, message) => {
    const refusal = { code: 'bad-gguf', message: expect.stringContaining(message) as string };
    await expect(readGguf(fileOf(parts))).rejects.toMatchObject(refusal);
  });

  it('refuses a type of tensor that it does not know', async () => {
    const file = fileOf({ tensors: [tensor('w', [32], 99, 0)], data: 128 });
    await expect(readGguf(file)).rejects.toMatchObject({ code: 'unsupported-quantization' });
  });

  it('refuses lists within lists', async () => {
    const deep = [9, 9, 9, 9, 9, 9].flatMap((type) => [...u32(type), ...u64(1)]);
    const file = fileOf({
      entries: [entry('a', 9, ...deep.slice(0, -8), ...u64(1), ...u32(0), ...u64(1), 0)],
    });
    await expect(readGguf(file)).rejects.toMatchObject({ code: 'bad-gguf' });
  });

  it('refuses in one sentence whatever is cut or changed', async () => {
    const whole = fileOf({
      entries: [entry('a', 4, ...u32(7)), entry('d', 9, ...u32(8), ...u64(2), ...text('xy'), ...text('z'))],
      tensors: [one, tensor('v', [32, 2], 8, 128)],
      data: 196,
    });
    const bytes = await whole.slice(0, whole.byteLength);
    const random = seededRandom(7);
    for (let trial = 0; trial < 600; trial++) {
      const damaged = bytes.slice(0, trial % 3 === 0 ? random.integer(bytes.length) : undefined);
      for (let i = 0; i < trial % 4 && damaged.length > 0; i++) {
        damaged[random.integer(damaged.length)] = random.integer(256);
      }
      // It is read, or refused; nothing else is thrown.
      const failure = await readGguf(memorySource('a.gguf', damaged)).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure !== undefined) expect(failure).toBeInstanceOf(LabError);
    }
  });
});
