// computes     y[t, n] = round([y[t, n] +] Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · bias [N] f32 · weight [N, K], each rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 8 tokens, all of K
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against matmul.ts
fn write_four(token: u32, row: u32, sums: vec4f) {
  if (token >= params.M) {
    return;
  }
  for (var r = 0u; r < min(4u, params.N - row); r++) {
    write(token, row + r, sums[r]);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  let row = 4 * id.x;
  let token = 8 * id.y;
  if (row >= params.N) {
    return;
  }
  // Rows and tokens past the end compute a copy of the last one and write nothing.
  let rows = params.first_row + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.N - 1));
  let w0 = row_at(rows.x);
  let w1 = row_at(rows.y);
  let w2 = row_at(rows.z);
  let w3 = row_at(rows.w);
  if (params.K % STEP != 0) {
    // Rows begin within a step, so every weight is fetched by itself.
    for (var t = token; t < min(token + 8, params.M); t++) {
      var sums = vec4f();
      for (var k = 0u; k < params.K; k++) {
        let i = t * params.K + k;
        let weights = vec4f(weight_of(w0, k), weight_of(w1, k), weight_of(w2, k), weight_of(w3, k));
        sums = fma(vec4f(x[i / 4][i % 4]), weights, sums);
      }
      write_four(t, row, sums);
    }
    return;
  }

  let K4 = params.K / 4;
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
  for (var k = 0u; k < params.K / STEP; k++) {
    let tile = tile_of(step_of(w0, k), step_of(w1, k), step_of(w2, k), step_of(w3, k));
    let i = STEP / 4 * k;
    s0 = add_step(s0, a.x + i, tile);
    s1 = add_step(s1, a.y + i, tile);
    s2 = add_step(s2, a.z + i, tile);
    s3 = add_step(s3, a.w + i, tile);
    s4 = add_step(s4, b.x + i, tile);
    s5 = add_step(s5, b.y + i, tile);
    s6 = add_step(s6, b.z + i, tile);
    s7 = add_step(s7, b.w + i, tile);
  }
  write_four(token, row, s0);
  write_four(token + 1, row, s1);
  write_four(token + 2, row, s2);
  write_four(token + 3, row, s3);
  write_four(token + 4, row, s4);
  write_four(token + 5, row, s5);
  write_four(token + 6, row, s6);
  write_four(token + 7, row, s7);
}
