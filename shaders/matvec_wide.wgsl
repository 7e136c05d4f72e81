// computes     y[t, n] = round([y[t, n] +] Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · bias [N] f32 · weight [N, K], each rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   every 16th step of K of 2 rows of the weight × 1 token; 16 lanes share a row and read side by side
// tested by    src/gpu/matrix/decode_forms.gpu.test.ts, against matmul.ts
const LANES = 16u;
const ROWS = 8u;

var<workgroup> partial: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  let token = group.y;
  let row = ROWS * group.x + 2 * (lane / LANES);
  // Rows past the end compute a copy of the last one and write nothing.
  let upper = row_at(params.first_row + min(row, params.N - 1));
  let lower = row_at(params.first_row + min(row + 1, params.N - 1));
  let a = token * params.K;
  var sums = vec2f();
  if (params.K % STEP == 0) {
    for (var k = lane % LANES; k < params.K / STEP; k += LANES) {
      let i = a / 4 + STEP / 4 * k;
      sums += vec2f(dot_step(i, step_of(upper, k)), dot_step(i, step_of(lower, k)));
    }
  } else {
    // Rows begin within a step, so every weight is fetched by itself.
    for (var k = lane % LANES; k < params.K; k += LANES) {
      sums += x[(a + k) / 4][(a + k) % 4] * vec2f(weight_of(upper, k), weight_of(lower, k));
    }
  }
  partial[lane] = sums;
  workgroupBarrier();
  // One after the other, so that the sum does not depend on how many lanes an adapter runs at a time.
  if (lane % LANES < 2 && row + lane % LANES < params.N) {
    let own = lane % LANES;
    var sum = 0.0;
    for (var i = 0u; i < LANES; i++) {
      sum += partial[lane - own + i][own];
    }
    write(token, row + own, sum);
  }
}
