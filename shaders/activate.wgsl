// computes     y[i] = act(x[i]), and with GATED act(x[i]) · up[i]; act by ACTIVATION, a number of activation.wgsl
// inputs       x [n] f32 · up [n] f32, read with GATED alone
// output       y [n] f32
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against activate.ts
struct Params { n: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> up: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

override ACTIVATION: u32 = 0;
override GATED: u32 = 0;

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
  let value = activated(x[i], ACTIVATION);
  if (GATED == 1) {
    y[i] = value * up[i];
  } else {
    y[i] = value;
  }
}
