// computes     y[i] = x[i] rounded to the compute dtype
// inputs       x [n] f32
// output       y [n] f32
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, bit for bit against roundToF16 and roundToBF16
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
  if (i < params.n) {
    y[i] = rounded1(x[i]);
  }
}
