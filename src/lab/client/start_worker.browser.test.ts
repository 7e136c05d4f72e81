import { expect, it } from 'vitest';
import { startWorker } from './start_worker.ts';

const workerOf = (script: string): Worker =>
  new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), { type: 'module' });

it('a worker that ends before it can answer is noticed', async () => {
  const { broken } = startWorker(workerOf('self.close()'), 500);
  await expect(broken).rejects.toMatchObject({
    code: 'interrupted',
    message: 'What computes here did not start.',
  });
});

it('a worker whose script fails is told at once', async () => {
  const { broken } = startWorker(workerOf('throw new Error("of the script")'));
  await expect(broken).rejects.toThrow('of the script');
});
