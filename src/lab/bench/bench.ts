import { benchKernels } from '../../gpu/bench/bench_kernels.ts';
import type { OpenPeer } from '../../gpu/bench/peer.ts';
import type { BenchEvent, BenchRequest } from '../../study/bench/bench_event.ts';
import type { Host } from '../host.ts';
import { benchModel } from './bench_model.ts';
import { onnxPeers } from './onnx_peer.ts';

/** Measures kernels row by row, then a model; every number is told as soon as it is there. */
export async function bench(
  request: BenchRequest,
  host: Pick<Host, 'gpu' | 'openFiles' | 'runtime' | 'app'>,
  onEvent: (event: BenchEvent) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { only, quick, seconds, onnxruntime, model } = request;
  const gpu = await host.gpu();
  const { runtime, app } = host;
  onEvent({ type: 'begun', adapter: gpu.adapter, runtime, app, started: new Date().toISOString() });
  let openPeer: OpenPeer | undefined;
  if (onnxruntime !== undefined) openPeer = await onnxPeers(onnxruntime);
  await benchKernels(gpu, {
    ...{ seconds, openPeer, signal },
    ...(only && { only }),
    ...(quick && { quick }),
    onCeiling: (ceiling) => onEvent({ type: 'ceiling', ceiling }),
    onRow: (row, done, total) =>
      onEvent('why' in row ? { type: 'gap', gap: row, done, total } : { type: 'row', row, done, total }),
  });
  if (!model || signal?.aborted) return;
  const measuring = (what: string) => onEvent({ type: 'measuring', what });
  onEvent({ type: 'model', model: await benchModel(gpu, model, host, { seconds, measuring, signal }) });
}
