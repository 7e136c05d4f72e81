// computes     SCA[t] = max |a| over the a = float16(x[t, k]) below the threshold; CA[t, k] = round(a · (127 · (1 / SCA[t]))),
//              0 for an a at or above it, and with several tokens 0 for all of an outlier column
// inputs       x [M, K] f32 · mask [K / 32] of outlier_columns; threshold 0 means no outliers
// output       CA [M, K4] u32, four int8 a word, rows padded with zeros to whole words · SCA [M] f32
// invocation   LANES share 1 token, each every LANES-th value of it, then every LANES-th word
// tested by    src/gpu/kernels/kernels.gpu.test.ts, exactly against int8_vectorwise_quant.ts
struct Params { M: u32, K: u32, threshold: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> CA: array<u32>;
@group(0) @binding(4) var<storage, read_write> SCA: array<f32>;

fn inlier(i: u32) -> f32 {
  let a = float16(x[i]);
  return select(a, 0.0, params.threshold > 0 && abs(a) >= params.threshold);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let token = row_of(group, groups);
  if (token >= params.M) {
    return;
  }
  let begin = token * params.K;
  var own = 0.0;
  for (var k = lane; k < params.K; k += LANES) {
    own = max(own, abs(inlier(begin + k)));
  }
  let largest = group_largest(Largest(own, 0), lane).value;
  if (lane == 0) {
    SCA[token] = largest;
  }
  // torch divides a number by a tensor so: the reciprocal first, rounded, then the product.
  let scale = select(127.0 * divide(1.0, largest), 0.0, largest == 0);
  let whole_columns = params.M > 1 && params.threshold > 0;
  let K4 = (params.K + 3) / 4;
  for (var word = lane; word < K4; word += LANES) {
    var packed = 0u;
    for (var j = 0u; j < min(4u, params.K - 4 * word); j++) {
      let k = 4 * word + j;
      let outlier = whole_columns && ((mask[k / 32] >> (k % 32)) & 1) == 1;
      let q = select(i32(round(inlier(begin + k) * scale)), 0, outlier);
      packed |= (bitcast<u32>(q) & 255) << (8 * j);
    }
    CA[token * K4 + word] = packed;
  }
}
