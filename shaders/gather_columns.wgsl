// computes     y[t, k] = x[t, order[k]]
// inputs       x [T, K] f32, order [K] u32
// output       y [T, K] f32
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against gather_columns.ts
struct Params { n: u32, K: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  if (i < params.n) {
    let k = i % params.K;
    y[i] = x[i - k + order[k]];
  }
}
