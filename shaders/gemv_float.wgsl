// computes     y[t, n] = round([y[t, n] +] Σ_k x[t, k] · round(weight[n, k]) + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · weight [N, K] f32, f16 or bf16 (DTYPE 0, 1, 2) · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   1 row of the weight × 1 token, all of K: for the few tokens of a decoding step
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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  let token = id.y;
  if (row >= params.N) {
    return;
  }
  let n = params.first_row + row;
  let w = n * params.K;
  let a = token * params.K;
  var sum = 0.0;
  if (params.K % 4 == 0) {
    for (var k = 0u; k < params.K / 4; k++) {
      sum += dot(x[a / 4 + k], weight4(w / 4 + k));
    }
  } else {
    for (var k = 0u; k < params.K; k++) {
      sum += x[(a + k) / 4][(a + k) % 4] * weight4((w + k) / 4)[(w + k) % 4];
    }
  }
  if (params.has_bias != 0) {
    sum += rounded1(bias[params.bias_row + row]);
  }
  let at = token * params.stride + params.offset + row;
  if (params.accumulate != 0) {
    sum += y[at];
  }
  y[at] = rounded1(sum);
}
