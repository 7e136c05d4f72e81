import { createBuffer, untilProven } from './buffers.ts';
import { orLost, refusedByWebGpu, type Gpu } from './device.ts';
import { pipelineOf, type Access, type Kernel, type Overrides, type Params } from './kernel.ts';

/** Dynamic uniform offsets are multiples of 256 bytes on every adapter. */
const PARAMS_STRIDE = 256;
/** Dispatches that share one submit: enough to hide its cost, few enough to keep the uniform buffer small. */
const MAX_DISPATCHES = 256;

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
  /** Hands everything recorded so far to the GPU. */
  submit(): void;
  /** Frees the uniforms; to be called once the results were read, which proves that there was room for them. */
  close(): void;
}

interface Recorded {
  pipeline: GPUComputePipeline;
  buffers: GPUBuffer[];
  groups: readonly [number, number];
}

/** Records dispatches, their uniforms side by side in one buffer, and submits them as one compute pass. */
export function recordCommands(gpu: Gpu): Commands {
  const { device } = gpu;
  const { buffer: uniforms, proof } = createBuffer(gpu, {
    label: 'parameters of kernels',
    size: PARAMS_STRIDE * MAX_DISPATCHES,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  untilProven(gpu, proof);
  const staging = new ArrayBuffer(uniforms.size);
  let recorded: Recorded[] = [];

  function submit(): void {
    if (recorded.length === 0) return;
    device.queue.writeBuffer(uniforms, 0, staging, 0, recorded.length * PARAMS_STRIDE);
    // What a buffer without room brings about here is told behind it, not of whoever reads back next.
    device.pushErrorScope('validation');
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    recorded.forEach(({ pipeline, buffers, groups }, i) => {
      pass.setPipeline(pipeline);
      const entries = [{ buffer: uniforms, size: PARAMS_STRIDE }, ...buffers.map((buffer) => ({ buffer }))];
      const layout = pipeline.getBindGroupLayout(0);
      const group = device.createBindGroup({
        layout,
        entries: entries.map((resource, binding) => ({ binding, resource })),
      });
      pass.setBindGroup(0, group, [i * PARAMS_STRIDE]);
      pass.dispatchWorkgroups(...groups);
    });
    pass.end();
    device.queue.submit([encoder.finish()]);
    untilProven(
      gpu,
      orLost(gpu, () => device.popErrorScope()).then((error) => {
        if (error) throw refusedByWebGpu(error);
      }),
    );
    recorded = [];
  }

  return {
    gpu,
    proof,
    dispatch(kernel, params, buffers, overrides = {}) {
      if (recorded.length === MAX_DISPATCHES) submit();
      const erased = kernel as unknown as Kernel;
      writeParams(
        new DataView(staging, recorded.length * PARAMS_STRIDE, PARAMS_STRIDE),
        kernel.params,
        params,
      );
      recorded.push({
        pipeline: pipelineOf(gpu, erased, overrides),
        buffers: Object.keys(kernel.bindings).map((name) => buffers[name]!),
        groups: kernel.workgroups(params),
      });
    },
    submit,
    close: () => uniforms.destroy(),
  };
}

function writeParams<P extends Record<string, 'u32' | 'f32'>>(
  view: DataView,
  types: P,
  params: Params<P>,
): void {
  Object.entries(types).forEach(([name, type], i) => {
    if (type === 'u32') view.setUint32(4 * i, params[name]!, true);
    else view.setFloat32(4 * i, params[name]!, true);
  });
}
