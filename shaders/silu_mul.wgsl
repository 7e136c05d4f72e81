// computes     y[i] = gate[i] / (1 + exp(-gate[i])) · up[i]
// inputs       gate, up [n] f32
// output       y [n] f32
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against silu_mul.ts
struct Params { n: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gate: array<f32>;
@group(0) @binding(2) var<storage, read> up: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  if (i >= params.n) {
    return;
  }
  // WGSL leaves exp of a large argument open; past 80 the result is 0 to float32 anyway.
  let g = gate[i];
  y[i] = g / (1.0 + exp(min(-g, 80.0))) * up[i];
}
