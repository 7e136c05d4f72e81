// computes     y[t, n] = round(Σ_k x[t, k] · round(CB[n, k] · SCB[n] / 127) + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · CB [N·K / 4] u32, four int8 a word · SCB [N] f32, or [1] with scale_stride 0 · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 8 tokens, all of K; no shared memory
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against gemm_int8.ts
struct Params { M: u32, N: u32, K: u32, first_row: u32, scale_stride: u32, stride: u32, offset: u32, has_bias: u32, bias_row: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> CB: array<u32>;
@group(0) @binding(3) var<storage, read> SCB: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const INVERSE_127 = 7.874015718698502e-3f;

fn weight4(i: u32, scale: f32) -> vec4f {
  let q = bitcast<vec4i>(vec4u(CB[i]) << vec4u(24, 16, 8, 0)) >> vec4u(24);
  return rounded(vec4f(q) * scale * INVERSE_127);
}

fn store(token: u32, row: u32, sums: vec4f) {
  if (token >= params.M) {
    return;
  }
  for (var r = 0u; r < min(4u, params.N - row); r++) {
    var value = sums[r];
    if (params.has_bias != 0) {
      value += rounded1(bias[params.bias_row + row + r]);
    }
    y[token * params.stride + params.offset + row + r] = rounded1(value);
  }
}

// K is no multiple of 4: rows are not aligned to words, so every element is fetched by itself.
fn unaligned(token: u32, row: u32) -> vec4f {
  var sums = vec4f();
  for (var k = 0u; k < params.K; k++) {
    let i = token * params.K + k;
    var w = vec4f();
    for (var r = 0u; r < min(4u, params.N - row); r++) {
      let n = params.first_row + row + r;
      let j = n * params.K + k;
      w[r] = weight4(j / 4, SCB[n * params.scale_stride])[j % 4];
    }
    sums += x[i / 4][i % 4] * w;
  }
  return sums;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = 4 * id.x;
  let token = 8 * id.y;
  if (row >= params.N) {
    return;
  }
  if (params.K % 4 != 0) {
    for (var t = token; t < min(token + 8, params.M); t++) {
      store(t, row, unaligned(t, row));
    }
    return;
  }

  let K4 = params.K / 4;
  // Rows and tokens past the end compute a copy of the last one and store nothing.
  let rows = params.first_row + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.N - 1));
  let w = K4 * rows;
  let at = rows * params.scale_stride;
  let scale = vec4f(SCB[at.x], SCB[at.y], SCB[at.z], SCB[at.w]);
  let a = K4 * min(vec4u(token, token + 1, token + 2, token + 3), vec4u(params.M - 1));
  let b = K4 * min(vec4u(token + 4, token + 5, token + 6, token + 7), vec4u(params.M - 1));
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  for (var k = 0u; k < K4; k++) {
    // A row vector times this matrix is its four dot products with the four rows of the weight.
    let tile = mat4x4f(
      weight4(w.x + k, scale.x),
      weight4(w.y + k, scale.y),
      weight4(w.z + k, scale.z),
      weight4(w.w + k, scale.w),
    );
    s0 += x[a.x + k] * tile;
    s1 += x[a.y + k] * tile;
    s2 += x[a.z + k] * tile;
    s3 += x[a.w + k] * tile;
    s4 += x[b.x + k] * tile;
    s5 += x[b.y + k] * tile;
    s6 += x[b.z + k] * tile;
    s7 += x[b.w + k] * tile;
  }
  store(token, row, s0);
  store(token + 1, row, s1);
  store(token + 2, row, s2);
  store(token + 3, row, s3);
  store(token + 4, row, s4);
  store(token + 5, row, s5);
  store(token + 6, row, s6);
  store(token + 7, row, s7);
}
