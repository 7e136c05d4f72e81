import type { LayerShelf } from '../model/calibrate/calibrator.ts';
import type { MadeLayer } from '../model/loader.ts';
import type { Blockwise4bit } from '../quant/quantized.ts';
import type { Scratch } from './scratch.ts';

/** Plain values, and arrays whose bytes stand behind them. */
export interface Kept<T> {
  json: T;
  bytes: readonly Uint8Array<ArrayBuffer>[];
}

/** Keeps something as a scratch file; a full disk costs the time of making it again, never the run. */
export async function writeKept<T>(scratch: Scratch, name: string, { json, bytes }: Kept<T>): Promise<void> {
  const head = new TextEncoder().encode(JSON.stringify({ json, lengths: bytes.map(({ length }) => length) }));
  try {
    const file = await scratch.create(name);
    try {
      file.append(new Uint8Array(Uint32Array.of(head.length).buffer));
      file.append(head);
      for (const part of bytes) file.append(part);
      file.append(WHOLE.slice());
    } finally {
      file.close();
    }
  } catch {
    await scratch.remove(name).catch(() => undefined);
  }
}

/** Ends a file that was written whole. */
const WHOLE = Uint8Array.of(0x57, 0x48, 0x4f, 0x4c, 0x45);

/** What was kept under a name; undefined where there is nothing, or half of it. */
export async function readKept<T>(scratch: Scratch, name: string): Promise<Kept<T> | undefined> {
  const file = await scratch.open(name).catch(() => undefined);
  if (!file) return undefined;
  try {
    const [length] = new Uint32Array(file.next(4).buffer);
    const { json, lengths } = JSON.parse(new TextDecoder().decode(file.next(length!))) as {
      json: T;
      lengths: number[];
    };
    const bytes = lengths.map((each) => file.next(each));
    return file.next(WHOLE.length).every((byte, i) => byte === WHOLE[i]) ? { json, bytes } : undefined;
  } catch {
    return undefined;
  } finally {
    file.close();
  }
}

/** A tensor of a layer without its arrays, which follow in this order: codes, scales, zero points, order, values. */
interface KeptTensor {
  name: string;
  shape: readonly number[];
  blocksize: number;
  quant_type: Blockwise4bit['quant_type'];
  scale_bits: number;
  zero_bits: number | undefined;
  ordered: boolean;
}

interface KeptLayer {
  linears: KeptTensor[];
  divisors: [string, number[]][];
  scaled: [string, { inputs?: number[] | undefined; rows?: number[] | undefined }][];
}

/** Layers that a configuration was calibrated to, in a run's scratch files: a run that goes on does not make them again. */
export const layerShelf = (scratch: Scratch, key: string): LayerShelf => ({
  async read(index) {
    const kept = await readKept<KeptLayer>(scratch, nameOf(key, index));
    return kept && unpacked(kept);
  },
  write: (index, made) => writeKept(scratch, nameOf(key, index), packed(made)),
});

const nameOf = (key: string, index: number): string => `layer-${key}-${index}`;

function packed({ linears, divisors, scaled }: MadeLayer): Kept<KeptLayer> {
  const bytes: Uint8Array<ArrayBuffer>[] = [];
  const kept = [...linears].map(([name, tensor]): KeptTensor => {
    const { shape, blocksize, quant_type, packed: codes, scales, shift, order, code } = tensor;
    bytes.push(codes, bytesOf(scales.absmax), bytesOf(shift?.values), bytesOf(order), bytesOf(code));
    const { bits = 32 } = scales;
    return { name, shape, blocksize, quant_type, scale_bits: bits, zero_bits: shift?.bits, ordered: !!order };
  });
  const json: KeptLayer = {
    linears: kept,
    divisors: [...divisors].map(([name, by]) => [name, [...by]]),
    scaled: [...scaled].map(([name, { inputs, rows }]) => [
      name,
      { inputs: inputs && [...inputs], rows: rows && [...rows] },
    ]),
  };
  return { json, bytes };
}

function unpacked({ json, bytes }: Kept<KeptLayer>): MadeLayer {
  const rest = [...bytes];
  const linears = json.linears.map(({ name, scale_bits, zero_bits, ordered, ...tensor }) => {
    const [codes, absmax, zeros, order, code] = rest.splice(0, 5) as Five;
    const made: MadeTensor = {
      ...tensor,
      code: new Float32Array(code.buffer),
      packed: codes,
      scales: { kind: 'absmax', absmax: new Float32Array(absmax.buffer), bits: scale_bits },
      ...(zero_bits !== undefined && {
        shift: { kind: 'zero', values: new Float32Array(zeros.buffer), bits: zero_bits },
      }),
      ...(ordered && { order: new Uint32Array(order.buffer) }),
    };
    return [name, made] as const;
  });
  const numbers = (values: number[] | undefined) => values && Float64Array.from(values);
  return {
    linears: new Map(linears),
    divisors: new Map(json.divisors.map(([name, by]) => [name, Float64Array.from(by)])),
    scaled: new Map(
      json.scaled.map(([name, { inputs, rows }]) => [name, { inputs: numbers(inputs), rows: numbers(rows) }]),
    ),
  };
}

type MadeTensor = MadeLayer['linears'] extends ReadonlyMap<string, infer T> ? T : never;
type Bytes = Uint8Array<ArrayBuffer>;
type Five = [Bytes, Bytes, Bytes, Bytes, Bytes];

const bytesOf = (values: ArrayBufferView<ArrayBuffer> | undefined): Bytes =>
  values ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : new Uint8Array();
