// computes     y[t, n] = round([y[t, n] +] Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · bias [N] f32 · weight [N, K], each rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   1 row of the weight × 1 token, all of K: for the few tokens of a decoding step
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against matmul.ts
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  let row = id.x;
  let token = id.y;
  if (row >= params.N) {
    return;
  }
  let w = row_at(params.first_row + row);
  let a = token * params.K;
  var sum = 0.0;
  if (params.K % STEP == 0) {
    for (var k = 0u; k < params.K / STEP; k++) {
      sum += dot_step(a / 4 + STEP / 4 * k, step_of(w, k));
    }
  } else {
    // Rows begin within a step, so every weight is fetched by itself.
    for (var k = 0u; k < params.K; k++) {
      sum += x[(a + k) / 4][(a + k) % 4] * weight_of(w, k);
    }
  }
  write(token, row, sum);
}
