import { LabError } from '../../errors.ts';
import { largestBuffer } from '../adapter.ts';
import { inMiB } from '../../tensor/size_words.ts';
import { orLost, throwIfFaulty, throwIfLost, type Gpu } from './device.ts';
import { bufferBytes } from './limits.ts';

/** The largest tensor part one buffer may hold on this device, in bytes. */
export const largestBinding = ({ device }: Gpu): number => largestBuffer(device.limits);

/**
 * A storage buffer of at least `bytes` (rounded up to 16, so that it can be read as vec4), zero-filled.
 * @throws over-limit when no buffer may be so large, out-of-memory when the device has no room, device-lost.
 */
export async function allocate(gpu: Gpu, bytes: number, what: string): Promise<GPUBuffer> {
  const size = bufferBytes(bytes);
  const largest = largestBinding(gpu);
  if (size > largest) {
    throw new LabError(
      'over-limit',
      `${what} needs a buffer of ${inMiB(size)}; this adapter allows ${inMiB(largest)}.`,
    );
  }
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const { buffer, proof } = createBuffer(gpu, { label: what, size, usage });
  try {
    await proof;
  } catch (error) {
    buffer.destroy();
    throw error;
  }
  const { allocated } = gpu;
  allocated.bytes += size;
  allocated.most = Math.max(allocated.most, allocated.bytes);
  return buffer;
}

/**
 * A buffer, and the proof that there is room for it: out-of-memory or device-lost where there is none. A buffer without
 * room computes nothing and says nothing, so whoever reads results waits for the proof.
 */
export function createBuffer(
  gpu: Gpu,
  descriptor: GPUBufferDescriptor & { label: string },
): { buffer: GPUBuffer; proof: Promise<void> } {
  const { device } = gpu;
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const buffer = device.createBuffer(descriptor);
  const proof = orLost(gpu, () => Promise.all([device.popErrorScope(), device.popErrorScope()])).then(
    ([memory, validation]) => {
      if (!(memory ?? validation)) return;
      throw new LabError(
        'out-of-memory',
        `No room on the GPU for ${descriptor.label} (${inMiB(descriptor.size)}; ${inMiB(gpu.allocated.bytes)} are in use).`,
      );
    },
  );
  // Heard of where it is waited for.
  proof.catch(() => undefined);
  return { buffer, proof };
}

/** Has whoever reads results next wait for a proof, and hear of it where it fails. */
export function untilProven(gpu: Gpu, proof: Promise<void>): void {
  gpu.unproven.add(proof);
  proof.then(
    () => gpu.unproven.delete(proof),
    () => undefined,
  );
}

/** Waits for all proofs so far. The first that fails is told, once: those behind it fail because of it. */
async function proven(gpu: Gpu): Promise<void> {
  try {
    for (const proof of gpu.unproven) await proof;
  } catch (error) {
    gpu.unproven.clear();
    delete gpu.fault.error;
    throw error;
  }
}

/** Frees a buffer made by `allocate`. */
export function free(gpu: Gpu, buffer: GPUBuffer): void {
  gpu.allocated.bytes -= buffer.size;
  gpu.bindGroups.forget(buffer);
  buffer.destroy();
}

/** Bytes a single writeBuffer copies at most: a bigger one makes some drivers stage it twice. */
const UPLOAD_BYTES = 16 * 1024 * 1024;

/**
 * Copies `data` into `buffer` from `offset` on, a multiple of 4; a last odd part is padded to the 4 bytes a copy needs.
 */
export function write(
  { device }: Gpu,
  buffer: GPUBuffer,
  data: ArrayBufferView<ArrayBuffer>,
  offset = 0,
): void {
  const whole = data.byteLength & ~3;
  for (let begin = 0; begin < whole; begin += UPLOAD_BYTES) {
    const size = Math.min(UPLOAD_BYTES, whole - begin);
    device.queue.writeBuffer(buffer, offset + begin, data.buffer, data.byteOffset + begin, size);
  }
  if (whole < data.byteLength) {
    const tail = new Uint8Array(4);
    tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
    device.queue.writeBuffer(buffer, offset + whole, tail);
  }
}

/** A buffer from some byte on, a multiple of 4; from its first where none is said. */
export interface Place {
  buffer: GPUBuffer;
  offset?: number;
}

/** Copies `bytes` of a buffer into another, after everything submitted so far. */
export function copy({ device }: Gpu, from: Place, into: Place, bytes: number): void {
  const encoder = device.createCommandEncoder();
  const whole = Math.ceil(bytes / 4) * 4;
  encoder.copyBufferToBuffer(from.buffer, from.offset ?? 0, into.buffer, into.offset ?? 0, whole);
  device.queue.submit([encoder.finish()]);
}

/** A new storage buffer holding `data`. */
export async function upload(gpu: Gpu, data: ArrayBufferView<ArrayBuffer>, what: string): Promise<GPUBuffer> {
  const buffer = await allocate(gpu, data.byteLength, what);
  write(gpu, buffer, data);
  return buffer;
}

/** The first bytes of a buffer. */
export interface Part {
  buffer: GPUBuffer;
  bytes: number;
}

/**
 * The first `bytes` of a buffer, after everything submitted so far.
 * A lost device rejects here: reading back is the proof that a result was computed.
 */
export const readBack = async (gpu: Gpu, buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer> =>
  (await readParts(gpu, [{ buffer, bytes }]))[0]!;

/**
 * The first bytes of several buffers, as readBack, in one submit. They are copied before anything submitted later
 * runs, so whoever goes on to overwrite them need not wait.
 */
export async function readParts(gpu: Gpu, parts: readonly Part[]): Promise<ArrayBuffer[]> {
  const { device } = gpu;
  throwIfLost(gpu);
  const offsets: number[] = [];
  let size = 0;
  for (const { bytes } of parts) {
    offsets.push(size);
    size += Math.ceil(bytes / 8) * 8;
  }
  const { buffer: staging, proof } = takeStaging(gpu, size);
  let healthy = false;
  try {
    await orLost(gpu, () => {
      const encoder = device.createCommandEncoder();
      parts.forEach(({ buffer, bytes }, i) =>
        encoder.copyBufferToBuffer(buffer, 0, staging, offsets[i]!, Math.ceil(bytes / 4) * 4),
      );
      device.queue.submit([encoder.finish()]);
      const mapped = staging.mapAsync(GPUMapMode.READ, 0, size);
      // Without room for a buffer its map fails, too: the reason comes first.
      mapped.catch(() => undefined);
      return Promise.all([proof, proven(gpu)]).then(() => mapped);
    });
    throwIfFaulty(gpu);
    const read = parts.map(({ bytes }, i) =>
      staging.getMappedRange(offsets[i], bytesMapped(bytes)).slice(0, bytes),
    );
    staging.unmap();
    healthy = true;
    return read;
  } finally {
    if (healthy && gpu.staging.length < MOST_STAGING && staging.size <= LARGEST_STAGING)
      gpu.staging.push(staging);
    else staging.destroy();
  }
}

const bytesMapped = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** What is read back after every pass comes through buffers that are kept: a few, and none for a whole tensor. */
const MOST_STAGING = 4;
const LARGEST_STAGING = 1024 * 1024;
const LEAST_STAGING = 4096;

/** A buffer to read `size` bytes back through: one that waits, or a new one. */
function takeStaging(gpu: Gpu, size: number): { buffer: GPUBuffer; proof: Promise<void> } {
  const at = gpu.staging.findIndex((buffer) => buffer.size >= size);
  if (at >= 0) return { buffer: gpu.staging.splice(at, 1)[0]!, proof: Promise.resolve() };
  return createBuffer(gpu, {
    label: 'what is read back',
    size: size > LARGEST_STAGING ? size : Math.max(LEAST_STAGING, 2 ** Math.ceil(Math.log2(size))),
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
}

/** Buffers that live and die together: a model's weights, or the workspace of its passes. */
export interface Arena {
  readonly gpu: Gpu;
  /** Bytes alive in it. */
  readonly bytes: number;
  allocate(bytes: number, what: string): Promise<GPUBuffer>;
  upload(data: ArrayBufferView<ArrayBuffer>, what: string): Promise<GPUBuffer>;
  /** Frees one buffer early. */
  free(buffer: GPUBuffer): void;
  /** Frees them all. */
  close(): void;
}

/** An arena without buffers yet. */
export function openArena(gpu: Gpu): Arena {
  const alive = new Set<GPUBuffer>();
  const keep = (buffer: GPUBuffer): GPUBuffer => {
    alive.add(buffer);
    return buffer;
  };
  const drop = (buffer: GPUBuffer): void => {
    if (alive.delete(buffer)) free(gpu, buffer);
  };
  return {
    gpu,
    get bytes() {
      return [...alive].reduce((sum, { size }) => sum + size, 0);
    },
    allocate: async (bytes, what) => keep(await allocate(gpu, bytes, what)),
    upload: async (data, what) => keep(await upload(gpu, data, what)),
    free: drop,
    close: () => alive.forEach(drop),
  };
}
