// computes     y[t, n] = [y[t, n] +] round(Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n])), or its activation;
//              x normalized on the way where `norm` says how
// inputs       x [M, K] f32, rounded unless it is normalized here · bias [N] f32, and a norm's parameters ·
//              weight [N, K], rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   every 16th step of K of 2 rows of the weight × 1 token; 16 lanes share a row and read side by side
// tested by    src/gpu/matrix/decode_forms.gpu.test.ts, against matvec_kernel.ts
const SHARING = 16u;
const LANES = 64u;

var<workgroup> partial: array<vec2f, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  let token = group.y;
  if (params.norm != 0) {
    prepare_norm(token, lane);
  }
  // A lane's two rows are neighbours, or a row of the gate and the one of `up` that it goes with.
  let gated = params.gate == 2;
  let pair = LANES / SHARING * group.x + lane / SHARING;
  let row = select(2 * pair, pair, gated);
  let next = select(row + 1, params.up_row + row, gated);
  // Rows past the end compute a copy of the last one and write nothing.
  let last = params.N - 1 + select(0, params.up_row, gated);
  let upper = row_at(params.first_row + min(row, params.N - 1));
  let lower = row_at(params.first_row + min(next, last));
  var sums = vec2f();
  if (params.K % STEP == 0) {
    for (var k = lane % SHARING; k < params.K / STEP; k += SHARING) {
      let inputs = inputs_at(token, k);
      sums += vec2f(dot_step(inputs, step_of(upper, k)), dot_step(inputs, step_of(lower, k)));
    }
  } else {
    // Rows begin within a step, so every weight is fetched by itself.
    for (var k = lane % SHARING; k < params.K; k += SHARING) {
      sums += input1_at(token, k) * vec2f(weight_of(upper, k), weight_of(lower, k));
    }
  }
  partial[lane] = sums;
  workgroupBarrier();
  // One after the other, so that the sum does not depend on how many lanes an adapter runs at a time.
  let own = lane % SHARING;
  if (own >= 2 || row + own >= params.N || (gated && own == 1)) {
    return;
  }
  var both = vec2f();
  for (var i = 0u; i < SHARING; i++) {
    both += partial[lane - own + i];
  }
  write(token, row + own, both[own], both.y);
}
