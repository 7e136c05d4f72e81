import { orLost, refusedByWebGpu, type Gpu } from './device.ts';
import { pipelineOf, type Access, type Kernel, type Overrides, type Params } from './kernel.ts';
import { PARAMS_STRIDE, openUniforms } from './uniforms.ts';
import { untilProven } from './buffers.ts';
import { openPace, type Pace } from './pace.ts';

/** Dispatches that share one submit: enough to hide its cost, few enough that the GPU begins while more are recorded. */
const MAX_DISPATCHES = 1024;

/** Dispatches in the order they will run. */
export interface Commands {
  readonly gpu: Gpu;
  /** Rejects where there is no room for its uniforms: nothing that is dispatched is computed then. */
  readonly proof: Promise<void>;
  dispatch<P extends Record<string, 'u32' | 'f32'>, B extends Record<string, Access>>(
    kernel: Kernel<P, B>,
    params: Params<P>,
    buffers: { readonly [K in keyof B]: GPUBuffer },
    overrides?: Overrides,
  ): void;
  /** Counts multiplications of what was dispatched; where they would keep the GPU long, it is handed over. */
  worked(multiplications: number): void;
  /** Hands everything recorded so far to the GPU. */
  submit(): void;
  /** Frees the uniforms; to be called once the results were read, which proves that there was room for them. */
  close(): void;
}

interface Recorded {
  pipeline: GPUComputePipeline;
  buffers: GPUBuffer[];
  offset: number;
  groups: readonly [number, number];
}

/** Records dispatches and submits them as one compute pass; parameters and bind groups it had before are not made again. */
export function recordCommands(gpu: Gpu, pace: Pick<Pace, 'work_per_submit'> = openPace()): Commands {
  const { device } = gpu;
  const uniforms = openUniforms(gpu);
  let recorded: Recorded[] = [];
  let work = 0;

  function submit(): void {
    if (recorded.length === 0) return;
    uniforms.flush();
    // What a buffer without room brings about here is told behind it, not of whoever reads back next.
    device.pushErrorScope('validation');
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let current: GPUComputePipeline | undefined;
    for (const { pipeline, buffers, offset, groups } of recorded) {
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, gpu.bindGroups.of(pipeline, buffers, PARAMS_STRIDE), [offset]);
      pass.dispatchWorkgroups(...groups);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    untilProven(
      gpu,
      orLost(gpu, () => device.popErrorScope()).then((error) => {
        if (error) throw refusedByWebGpu(error);
      }),
    );
    recorded = [];
    work = 0;
  }

  return {
    gpu,
    proof: uniforms.proof,
    dispatch(kernel, params, buffers, overrides = {}) {
      if (recorded.length === MAX_DISPATCHES) submit();
      if (uniforms.full) {
        submit();
        uniforms.clear();
      }
      const bound = [uniforms.buffer];
      for (const name in kernel.bindings) bound.push(buffers[name]);
      recorded.push({
        pipeline: pipelineOf(gpu, kernel as unknown as Kernel, overrides),
        buffers: bound,
        offset: uniforms.offsetOf(kernel.params, params),
        groups: kernel.workgroups(params),
      });
    },
    worked(multiplications) {
      work += multiplications;
      if (work >= pace.work_per_submit) submit();
    },
    submit,
    close() {
      gpu.bindGroups.forget(uniforms.buffer);
      uniforms.buffer.destroy();
    },
  };
}
