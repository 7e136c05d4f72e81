import { afterAll, describe, expect, it } from 'vitest';
import { faultyGpu } from '../../../test/fixtures/faulty_gpu.ts';
import { LabError } from '../../errors.ts';
import { allocate, readBack, upload } from './buffers.ts';
import { openGpu, orLost } from './device.ts';

const real = await openGpu(navigator.gpu);
afterAll(() => real.device.destroy());

describe('a lost device', () => {
  it('is the reason of every rejection before it is told', async () => {
    for (const toldLate of [0, 400]) {
      const { gpu } = faultyGpu(real, { lostAtSubmit: 1, toldLate });
      const buffer = await upload(gpu, Uint8Array.of(1, 2, 3, 4), 'bytes');
      await expect(readBack(gpu, buffer, 4)).rejects.toMatchObject({ code: 'device-lost' });
      await expect(allocate(gpu, 16, 'more')).rejects.toMatchObject({ code: 'device-lost' });
    }
  });

  it('is what an abandoned call tells of, although no loss is told', async () => {
    const gpu = { ...real, loss: {}, lost: new Promise<void>(() => undefined) };
    const abandoned = () => Promise.reject(new DOMException('Instance dropped', 'OperationError'));
    await expect(orLost(gpu, abandoned)).rejects.toMatchObject({ code: 'device-lost' });
    // So that nobody goes on with it.
    expect(gpu.loss).toEqual({ reason: 'Instance dropped' });
  });

  it('is not blamed for other faults', async () => {
    const gpu = { ...real, lost: Promise.resolve() };
    const fault = new LabError('over-limit', 'Too large.');
    await expect(orLost(gpu, () => Promise.reject(fault))).rejects.toBe(fault);
    await expect(orLost(gpu, () => Promise.reject(new TypeError('not a buffer')))).rejects.toThrow(TypeError);
  });
});

it('a device that is lost while it is opened is one there is not', async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const dying = (members: object) =>
    ({
      wgslLanguageFeatures: new Set(),
      requestAdapter: () =>
        Promise.resolve(
          new Proxy(adapter!, {
            get: (_, name) =>
              name in members
                ? members[name as keyof typeof members]
                : (Reflect.get(adapter!, name, adapter!) as unknown),
          }),
        ),
    }) as unknown as GPU;
  const rejects = () => Promise.reject(new DOMException('Instance dropped', 'OperationError'));
  await expect(openGpu(dying({ requestDevice: rejects }))).rejects.toMatchObject({ code: 'no-adapter' });
  await expect(openGpu({ requestAdapter: rejects } as unknown as GPU)).rejects.toMatchObject({
    code: 'no-adapter',
  });
});

it('an error that no scope caught fails the next read instead of giving zeros', async () => {
  const gpu = await openGpu(navigator.gpu);
  const buffer = await upload(gpu, Uint8Array.of(1, 2, 3, 4), 'bytes');
  const heard = new Promise((resolve) => gpu.device.addEventListener('uncapturederror', resolve));
  gpu.device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE });
  // A browser sends its calls to the GPU's process by and by.
  gpu.device.queue.submit([]);
  await heard;
  await expect(readBack(gpu, buffer, 4)).rejects.toThrow('WebGPU: ');
  expect(new Uint8Array(await readBack(gpu, buffer, 4))).toEqual(Uint8Array.of(1, 2, 3, 4));
  gpu.device.destroy();
});
