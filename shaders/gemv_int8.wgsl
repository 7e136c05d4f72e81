// computes     y[t, n] = round(Σ_k x[t, k] · round(CB[n, k] · SCB[n] / 127) + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · CB [N·K / 4] u32, four int8 a word · SCB [N] f32, or [1] with scale_stride 0 · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   1 row of the weight × 1 token, all of K: for the few tokens of a decoding step
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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  let token = id.y;
  if (row >= params.N) {
    return;
  }
  let n = params.first_row + row;
  let scale = SCB[n * params.scale_stride];
  let w = n * params.K;
  let a = token * params.K;
  var sum = 0.0;
  if (params.K % 4 == 0) {
    for (var k = 0u; k < params.K / 4; k++) {
      sum += dot(x[a / 4 + k], weight4(w / 4 + k, scale));
    }
  } else {
    for (var k = 0u; k < params.K; k++) {
      sum += x[(a + k) / 4][(a + k) % 4] * weight4((w + k) / 4, scale)[(w + k) % 4];
    }
  }
  if (params.has_bias != 0) {
    sum += rounded1(bias[params.bias_row + row]);
  }
  y[token * params.stride + params.offset + row] = rounded1(sum);
}
