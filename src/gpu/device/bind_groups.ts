/**
 * Bind groups, each made once for a pipeline and its buffers and forgotten when one of them is freed: a model
 * dispatches the same kernels over the same buffers, token after token.
 */
export interface BindGroups {
  /** How many are kept. */
  readonly size: number;
  /** The group of a pipeline's buffers, from binding 0 on; of the first, the uniforms, `uniform_bytes` at an offset. */
  of(pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[], uniform_bytes: number): GPUBindGroup;
  /** Forgets all groups that a buffer is in. */
  forget(buffer: GPUBuffer): void;
}

/** None made yet. */
export function bindGroups(device: GPUDevice): BindGroups {
  const groups = new Map<string, GPUBindGroup>();
  const numbers = new WeakMap<object, number>();
  const keysOf = new Map<GPUBuffer, string[]>();
  let next = 0;
  const numberOf = (object: GPUBuffer | GPUComputePipeline): number => {
    const number = numbers.get(object) ?? next++;
    numbers.set(object, number);
    return number;
  };
  return {
    get size() {
      return groups.size;
    },
    of(pipeline, buffers, uniform_bytes) {
      let key = `${numberOf(pipeline)}`;
      for (const buffer of buffers) key += ` ${numberOf(buffer)}`;
      const known = groups.get(key);
      if (known) return known;
      const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: buffers.map((buffer, binding) => ({
          binding,
          resource: binding === 0 ? { buffer, size: uniform_bytes } : { buffer },
        })),
      });
      groups.set(key, group);
      for (const buffer of new Set(buffers)) {
        const keys = keysOf.get(buffer);
        if (keys) keys.push(key);
        else keysOf.set(buffer, [key]);
      }
      return group;
    },
    forget(buffer) {
      for (const key of keysOf.get(buffer) ?? []) groups.delete(key);
      keysOf.delete(buffer);
    },
  };
}
