// computes     y[t, n] = [y[t, n] +] round(Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n])), or its activation
// inputs       x [M, K] f32, rounded · bias [N] f32 · weight [N, K], rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 1 token, all of K: for the few tokens of a decoding step, whose inputs are fetched
//              once for the four
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against matvec_kernel.ts
fn products(token: u32, rows: vec4u) -> vec4f {
  let w = rows_of(rows);
  if (params.K % STEP != 0) {
    return unaligned_products(token, w);
  }
  var sums = vec4f();
  for (var k = 0u; k < params.K / STEP; k++) {
    sums += dot_rows(inputs_at(token, k), w, k);
  }
  return sums;
}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  let row = 4 * id.x;
  let token = id.y;
  if (row >= params.N) {
    return;
  }
  // Rows past the end compute a copy of the last one and write nothing.
  let rows = params.first_row + min(row + vec4u(0, 1, 2, 3), vec4u(params.N - 1));
  var up_sums = vec4f();
  if (params.gate == 2) {
    up_sums = products(token, params.up_row + rows);
  }
  let sums = products(token, rows);
  for (var r = 0u; r < min(4u, params.N - row); r++) {
    write(token, row + r, sums[r], up_sums[r]);
  }
}
