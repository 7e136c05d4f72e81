// computes     y[t] = x[t] / sqrt(mean(x[t]²) + eps) · weight
// inputs       x [T, width] f32 · weight [width] f32
// output       y [T, width] f32
// invocation   1 token
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against rms_norm.ts
struct Params { T: u32, width: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn put(i: u32, begin: u32, scale: f32) {
  y[i] = x[i] * scale * weight[i - begin];
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let token = (group.y * groups.x + group.x) * 64 + lane;
  if (token >= params.T) {
    return;
  }
  let begin = token * params.width;
  let end = begin + params.width;
  // Four at a time: a turn of a loop takes SwiftShader as long as what is done in it.
  let fours = end - params.width % 4;
  var squares = 0.0;
  var i = begin;
  for (; i < fours; i += 4) {
    let four = vec4f(x[i], x[i + 1], x[i + 2], x[i + 3]);
    squares += four.x * four.x;
    squares += four.y * four.y;
    squares += four.z * four.z;
    squares += four.w * four.w;
  }
  for (; i < end; i++) {
    squares += x[i] * x[i];
  }
  let scale = 1.0 / sqrt(squares / f32(params.width) + params.eps);
  i = begin;
  for (; i < fours; i += 4) {
    put(i, begin, scale);
    put(i + 1, begin, scale);
    put(i + 2, begin, scale);
    put(i + 3, begin, scale);
  }
  for (; i < end; i++) {
    put(i, begin, scale);
  }
}
