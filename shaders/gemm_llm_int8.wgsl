// computes     y[t, n] = round(Σ_k CA[t, k] · CB[n, k] · (SCA[t] · SCB[n]) · 6.200124e-5 + bias[n]), the sum in exact
//              integers; then, where there are outlier columns o, round(y + Σ_o round(x[t, o]) · round(CB[n, o] · SCB[n] / 127))
// inputs       x [M, K] f32 · mask [K / 32] · CA [M, K4] u32 and SCA [M] of int8_vectorwise_quant ·
//              CB [N, K4] u32, rows padded to whole words · SCB [N] f32 · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 4 tokens, all of K
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against gemm_llm_int8.ts
struct Params { M: u32, N: u32, K: u32, first_row: u32, threshold: f32, stride: u32, offset: u32, has_bias: u32, bias_row: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read> CA: array<u32>;
@group(0) @binding(4) var<storage, read> SCA: array<f32>;
@group(0) @binding(5) var<storage, read> CB: array<u32>;
@group(0) @binding(6) var<storage, read> SCB: array<f32>;
@group(0) @binding(7) var<storage, read> bias: array<f32>;
@group(0) @binding(8) var<storage, read_write> y: array<f32>;

// bitsandbytes' 1 / 127², which is 1.8e-5 of itself too large (backends/default/ops.py, int8_mm_dequant).
const INVERSE_127_SQUARED = 6.200124e-5f;
const INVERSE_127 = 7.874015718698502e-3f;

fn weight1(row: u32, k: u32) -> f32 {
  let K4 = (params.K + 3) / 4;
  let q = extractBits(bitcast<i32>(CB[row * K4 + k / 4]), 8 * (k % 4), 8u);
  return rounded1(f32(q) * SCB[row] * INVERSE_127);
}

fn store(token: u32, row: u32, sums: vec4i) {
  if (token >= params.M) {
    return;
  }
  for (var r = 0u; r < min(4u, params.N - row); r++) {
    let n = params.first_row + row + r;
    var value = f32(sums[r]) * (SCA[token] * SCB[n]) * INVERSE_127_SQUARED;
    if (params.has_bias != 0) {
      value += rounded1(bias[params.bias_row + row + r]);
    }
    value = rounded1(value);
    if (params.threshold > 0) {
      value = with_outliers(token, n, value);
    }
    y[token * params.stride + params.offset + row + r] = value;
  }
}

fn with_outliers(token: u32, row: u32, value: f32) -> f32 {
  var sum = 0.0;
  var found = false;
  for (var word = 0u; word < (params.K + 31) / 32; word++) {
    for (var bits = mask[word]; bits != 0; bits &= bits - 1) {
      let k = 32 * word + firstTrailingBit(bits);
      sum += rounded1(x[token * params.K + k]) * weight1(row, k);
      found = true;
    }
  }
  return select(value, rounded1(value + sum), found);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = 4 * id.x;
  let token = 4 * id.y;
  if (row >= params.N) {
    return;
  }
  let K4 = (params.K + 3) / 4;
  // Rows and tokens past the end compute a copy of the last one and store nothing.
  let w = K4 * (params.first_row + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.N - 1)));
  let a = K4 * min(vec4u(token, token + 1, token + 2, token + 3), vec4u(params.M - 1));
  var s0 = vec4i();
  var s1 = vec4i();
  var s2 = vec4i();
  var s3 = vec4i();
  for (var k = 0u; k < K4; k++) {
    let b = vec4u(CB[w.x + k], CB[w.y + k], CB[w.z + k], CB[w.w + k]);
    let c = vec4u(CA[a.x + k], CA[a.y + k], CA[a.z + k], CA[a.w + k]);
    s0 += vec4i(dot4(c.x, b.x), dot4(c.x, b.y), dot4(c.x, b.z), dot4(c.x, b.w));
    s1 += vec4i(dot4(c.y, b.x), dot4(c.y, b.y), dot4(c.y, b.z), dot4(c.y, b.w));
    s2 += vec4i(dot4(c.z, b.x), dot4(c.z, b.y), dot4(c.z, b.z), dot4(c.z, b.w));
    s3 += vec4i(dot4(c.w, b.x), dot4(c.w, b.y), dot4(c.w, b.z), dot4(c.w, b.w));
  }
  store(token, row, s0);
  store(token + 1, row, s1);
  store(token + 2, row, s2);
  store(token + 3, row, s3);
}
