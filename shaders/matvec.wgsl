// computes     y[t, n] = [y[t, n] +] round(Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n])), or its activation
// inputs       x [M, K] f32, rounded · bias [N] f32 · weight [N, K], rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   1 row of the weight × 1 token, all of K: for the few tokens of a decoding step
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against matvec_kernel.ts
fn product(token: u32, row: u32) -> f32 {
  let w = row_at(params.first_row + row);
  var sum = 0.0;
  if (params.K % STEP == 0) {
    for (var k = 0u; k < params.K / STEP; k++) {
      sum += dot_step(inputs_at(token, k), step_of(w, k));
    }
  } else {
    // Rows begin within a step, so every weight is fetched by itself.
    for (var k = 0u; k < params.K; k++) {
      sum += input1_at(token, k) * weight_of(w, k);
    }
  }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  let row = id.x;
  let token = id.y;
  if (row >= params.N) {
    return;
  }
  var up_sum = 0.0;
  if (params.gate == 2) {
    up_sum = product(token, params.up_row + row);
  }
  write(token, row, product(token, row), up_sum);
}
