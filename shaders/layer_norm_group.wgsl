// computes     y[t] = (x[t] - mean(x[t])) / sqrt(variance(x[t]) + eps) · weight + bias
// inputs       x [T, width] f32 · weight, bias [heads, width] f32, row t % heads for row t of x
// output       y [T, width] f32
// invocation   LANES share 1 token, each every LANES-th value of it
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against layer_norm.ts
struct Params { T: u32, width: u32, eps: f32, heads: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

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
  let own = token % params.heads * params.width;
  var sum = 0.0;
  for (var i = lane; i < params.width; i += LANES) {
    sum += x[begin + i];
  }
  let mean = group_sum(sum, lane) / f32(params.width);
  // A second pass: the difference of two large sums would lose what is left of a small variance.
  var squares = 0.0;
  for (var i = lane; i < params.width; i += LANES) {
    let centred = x[begin + i] - mean;
    squares = fma(centred, centred, squares);
  }
  let scale = 1.0 / sqrt(group_sum(squares, lane) / f32(params.width) + params.eps);
  for (var i = lane; i < params.width; i += LANES) {
    y[begin + i] = (x[begin + i] - mean) * scale * weight[own + i] + bias[own + i];
  }
}
