import { afterAll, describe, expect, it } from 'vitest';
import { allocate, free, largestBinding, openArena, readBack, upload } from './buffers.ts';
import { openGpu } from './device.ts';

const gpu = await openGpu(navigator.gpu);
afterAll(() => gpu.device.destroy());

describe('buffers', () => {
  it.each([0, 1, 3, 4, 5, 4097])('hold %i bytes and give them back', async (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) % 256);
    const buffer = await upload(gpu, bytes, 'bytes');
    expect(new Uint8Array(await readBack(gpu, buffer, length))).toEqual(bytes);
    expect(buffer.size % 16).toBe(0);
    free(gpu, buffer);
  });

  it('refuses what no binding holds, naming both sizes', async () => {
    const before = gpu.allocated.bytes;
    const limit = largestBinding(gpu);
    await expect(allocate(gpu, limit + 1, 'a huge embedding')).rejects.toThrow(
      `a huge embedding needs a buffer of ${((limit + 16) / 2 ** 20).toFixed(1)} MiB; this adapter allows ${(limit / 2 ** 20).toFixed(1)} MiB.`,
    );
    expect(gpu.allocated.bytes).toBe(before);
  });

  it('live and die together in an arena', async () => {
    const before = gpu.allocated.bytes;
    const arena = openArena(gpu);
    const first = await arena.allocate(100, 'first');
    await arena.upload(new Uint8Array(50), 'second');
    expect(arena.bytes).toBe(112 + 64);
    arena.free(first);
    expect(arena.bytes).toBe(64);
    arena.close();
    expect(gpu.allocated.bytes).toBe(before);
  });

  it('fails a read after the device was lost instead of giving zeros', async () => {
    const other = await openGpu(navigator.gpu);
    const buffer = await upload(other, Uint8Array.of(1, 2, 3, 4), 'bytes');
    other.device.destroy();
    await expect(readBack(other, buffer, 4)).rejects.toMatchObject({ code: 'device-lost' });
    await expect(allocate(other, 16, 'more')).rejects.toMatchObject({ code: 'device-lost' });
  });
});

it('names what is missing: WebGPU, or an adapter', async () => {
  await expect(openGpu(undefined)).rejects.toMatchObject({ code: 'no-webgpu' });
  const empty = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
  await expect(openGpu(empty)).rejects.toMatchObject({ code: 'no-adapter' });
});
