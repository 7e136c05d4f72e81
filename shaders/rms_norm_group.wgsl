// computes     y[t] = x[t] / sqrt(mean(x[t]²) + eps) · weight
// inputs       x [T, width] f32 · weight [width] f32
// output       y [T, width] f32
// invocation   LANES share 1 token, each every LANES-th value of it
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against rms_norm.ts
struct Params { T: u32, width: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let token = row_of(group, groups);
  if (token >= params.T) {
    return;
  }
  let begin = token * params.width;
  var squares = 0.0;
  for (var i = lane; i < params.width; i += LANES) {
    squares = fma(x[begin + i], x[begin + i], squares);
  }
  let scale = 1.0 / sqrt(group_sum(squares, lane) / f32(params.width) + params.eps);
  for (var i = lane; i < params.width; i += LANES) {
    y[begin + i] = x[begin + i] * scale * weight[i];
  }
}
