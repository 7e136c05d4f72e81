// computes     y[t, n] = round([y[t, n] +] Σ_k x[t, k] · round(weight[n, k]) + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · weight [N, K] f32, f16 or bf16 (DTYPE 0, 1, 2) · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 8 tokens, all of K; no shared memory
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against gemm_float.ts
struct Params { M: u32, N: u32, K: u32, first_row: u32, stride: u32, offset: u32, has_bias: u32, bias_row: u32, accumulate: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// Weights 4i to 4i + 3.
fn weight4(i: u32) -> vec4f {
  if (DTYPE == 0) {
    return rounded(bitcast<vec4f>(vec4u(weight[2 * i], weight[2 * i + 1])));
  }
  return rounded(four_halves(weight[i]));
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
    let at = token * params.stride + params.offset + row + r;
    if (params.accumulate != 0) {
      value += y[at];
    }
    y[at] = rounded1(value);
  }
}

// K is no multiple of 4: rows are not aligned, so every element is fetched by itself.
fn unaligned(token: u32, row: u32) -> vec4f {
  var sums = vec4f();
  for (var k = 0u; k < params.K; k++) {
    let i = token * params.K + k;
    var w = vec4f();
    for (var r = 0u; r < min(4u, params.N - row); r++) {
      let j = (params.first_row + row + r) * params.K + k;
      w[r] = weight4(j / 4)[j % 4];
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
  let w = K4 * (params.first_row + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.N - 1)));
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
    let tile = mat4x4f(weight4(w.x + k), weight4(w.y + k), weight4(w.z + k), weight4(w.w + k));
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
