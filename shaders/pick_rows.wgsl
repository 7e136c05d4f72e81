// computes     y[first + i]: of each group of x in turn its elements offset to offset + width - 1
// inputs       x [n / width, group] f32
// output       y [first + n] f32, from element `first` on
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against pick_rows.ts
struct Params { n: u32, group: u32, offset: u32, width: u32, first: u32 }

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
    y[params.first + i] = x[i / params.width * params.group + params.offset + i % params.width];
  }
}
