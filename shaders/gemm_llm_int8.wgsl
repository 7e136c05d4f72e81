// computes     y[t, n] = round(Σ_k CA[t, k] · CB[n, k] · (SCA[t] · SCB[n]) · 6.200124e-5 + bias[n]), the sum in exact
//              integers; then, where there are outlier columns o, round(y + Σ_o round(x[t, o]) · round(CB[n, o] · SCB[n] / 127))
// inputs       x [M, K] f32 · columns [1 + K] of list_outliers · CA [M, K4] u32 and SCA [M] of int8_vectorwise_quant ·
//              CB [N, K4] u32, rows padded to whole words · SCB [N] f32 · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 4 tokens, all of K
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against gemm_llm_int8.ts
struct Params { M: u32, N: u32, K: u32, first_row: u32, threshold: f32, stride: u32, offset: u32, has_bias: u32, bias_row: u32 }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = 4 * id.x;
  let token = 4 * id.y;
  if (row >= params.N) {
    return;
  }
  let K4 = row_words();
  let rows = vec4u(row, row + 1, row + 2, row + 3);
  let tokens = vec4u(token, token + 1, token + 2, token + 3);
  // Rows and tokens past the end compute a copy of the last one and store nothing.
  let w = K4 * (params.first_row + min(rows, vec4u(params.N - 1)));
  let a = K4 * min(tokens, vec4u(params.M - 1));
  var s0 = vec4i();
  var s1 = vec4i();
  var s2 = vec4i();
  var s3 = vec4i();
  for (var k = 0u; k < K4; k++) {
    let b = vec4u(CB[w.x + k], CB[w.y + k], CB[w.z + k], CB[w.w + k]);
    let c = vec4u(CA[a.x + k], CA[a.y + k], CA[a.z + k], CA[a.w + k]);
    s0 += dots(c.x, b);
    s1 += dots(c.y, b);
    s2 += dots(c.z, b);
    s3 += dots(c.w, b);
  }
  write_tile(tokens, rows, array(s0, s1, s2, s3));
}
