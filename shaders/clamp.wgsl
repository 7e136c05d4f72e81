// computes     y[first + i] = min(max(y[first + i], -most), most)
// inputs       y [first + n] f32
// output       y, in place, from element `first` on
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against clamp.ts
struct Params { n: u32, first: u32, most: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  if (i < params.n) {
    y[params.first + i] = clamp(y[params.first + i], -params.most, params.most);
  }
}
