// computes     y[i] = x[i] / 2 · (1 + tanh(z)) = x[i] / (1 + exp(-2 z)), z = sqrt(2 / π) · (x[i] + 0.044715 x[i]³)
// inputs       x [n] f32
// output       y [n] f32
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against gelu_new.ts
struct Params { n: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

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
  let v = x[i];
  let z = 0.7978845608028654 * (v + 0.044715 * v * v * v);
  // WGSL leaves exp of a large argument open; past 80 the result is 0 to float32 anyway.
  y[i] = v / (1.0 + exp(min(-2.0 * z, 80.0)));
}
