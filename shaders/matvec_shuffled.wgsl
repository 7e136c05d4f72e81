// computes     y[t, n] = [y[t, n] +] round(Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n])), or its activation
// inputs       x [M, K] f32, rounded · bias [N] f32 · weight [N, K], rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 1 token, all of K; a subgroup of eight lanes is a workgroup, each fetches an eighth of
//              the token's inputs and hands them to the others
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against matvec_kernel.ts
fn products(token: u32, rows: vec4u, lane: u32) -> vec4f {
  let w = rows_of(rows);
  if (params.K % STEP != 0) {
    return unaligned_products(token, w);
  }
  var sums = vec4f();
  let steps = params.K / STEP;
  // Those whose inputs the lanes fetch together, four values each.
  let together = 32 / STEP;
  for (var begin = 0u; begin < steps; begin += together) {
    let own = input_at(token, min(STEP / 4 * begin + lane, params.K / 4 - 1));
    for (var i = 0u; i < min(together, steps - begin); i++) {
      // Of a step of four the second is no input of its own, and never read.
      let inputs = array(subgroupShuffle(own, STEP / 4 * i), subgroupShuffle(own, STEP / 4 * i + STEP / 8));
      sums += dot_rows(inputs, w, begin + i);
    }
  }
  return sums;
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  let row = 4 * (8 * group.x + lane);
  let token = group.y;
  // Rows past the end compute a copy of the last one and write nothing: lanes shuffle only all together.
  let rows = params.first_row + min(row + vec4u(0, 1, 2, 3), vec4u(params.N - 1));
  var up_sums = vec4f();
  if (params.gate == 2) {
    up_sums = products(token, params.up_row + rows, lane);
  }
  let sums = products(token, rows, lane);
  for (var r = 0u; r < 4 && row + r < params.N; r++) {
    write(token, row + r, sums[r], up_sums[r]);
  }
}
