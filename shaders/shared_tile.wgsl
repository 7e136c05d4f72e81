// computes     y[t, n] = round([y[t, n] +] Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · bias [N] f32 · weight [N, K], each rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 4 tokens, all of K; a group fetches x and weight together, DEPTH columns at a time
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against matmul.ts, and to the bit against tile.wgsl by tile_bits.gpu.test.ts
const LANES = SIDE * SIDE;
const SIZE = 4 * SIDE;
const DEPTH4 = DEPTH / 4;
const STEPS = DEPTH / STEP;
// An odd number of vec4s, so that rows side by side begin in different banks.
const PITCH = DEPTH4 + 1;
// From a lane's row or token to its next one.
const NEXT = SIDE * PITCH;

var<workgroup> xs: array<vec4f, SIZE * PITCH>;
var<workgroup> ws: array<vec4f, SIZE * PITCH>;

// Columns [k0, k0 + DEPTH) of the group's rows and tokens; what lies behind the last column is never read. Rows and
// tokens past the end are copies of the last one.
fn stage(k0: u32, first: vec2u, lane: u32) {
  if (params.K % STEP != 0) {
    stage_singly(k0, first, lane);
    return;
  }
  for (var i = lane; i < SIZE * STEPS; i += LANES) {
    let k = i % STEPS;
    if (k0 / STEP + k < params.K / STEP) {
      let row = row_at(params.first_row + min(first.x + i / STEPS, params.N - 1));
      let weights = fours(step_of(row, k0 / STEP + k));
      let at = i / STEPS * PITCH + STEP / 4 * k;
      ws[at] = weights[0];
      if (STEP == 8) {
        ws[at + 1] = weights[STEP / 4 - 1];
      }
    }
  }
  for (var i = lane; i < SIZE * DEPTH4; i += LANES) {
    let k = k0 / 4 + i % DEPTH4;
    if (k < params.K / 4) {
      let token = min(first.y + i / DEPTH4, params.M - 1);
      xs[i / DEPTH4 * PITCH + i % DEPTH4] = x[token * (params.K / 4) + k];
    }
  }
}

// The same where rows begin within a step, so that every weight is fetched by itself.
fn stage_singly(k0: u32, first: vec2u, lane: u32) {
  for (var i = lane; i < SIZE * DEPTH4; i += LANES) {
    let at = i / DEPTH4 * PITCH + i % DEPTH4;
    let row = row_at(params.first_row + min(first.x + i / DEPTH4, params.N - 1));
    let token = min(first.y + i / DEPTH4, params.M - 1);
    for (var j = 0u; j < 4; j++) {
      let k = min(k0 + 4 * (i % DEPTH4) + j, params.K - 1);
      ws[at][j] = weight_of(row, k);
      xs[at][j] = x[(token * params.K + k) / 4][(token * params.K + k) % 4];
    }
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  let first = SIZE * group.xy;
  let at = vec2u(lane % SIDE, lane / SIDE);
  // A lane's rows and tokens are SIDE apart, so that lanes side by side fetch and write side by side.
  var sums = array<vec4f, 4>();
  for (var k0 = 0u; k0 < params.K; k0 += DEPTH) {
    stage(k0, first, lane);
    workgroupBarrier();
    let columns = min(DEPTH, params.K - k0);
    var w = PITCH * at.x;
    var a = PITCH * at.y;
    for (var k = 0u; k < columns / 4; k++) {
      let tile = transpose(mat4x4f(ws[w], ws[w + NEXT], ws[w + 2 * NEXT], ws[w + 3 * NEXT]));
      sums[0] = add_four(sums[0], xs[a], tile);
      sums[1] = add_four(sums[1], xs[a + NEXT], tile);
      sums[2] = add_four(sums[2], xs[a + 2 * NEXT], tile);
      sums[3] = add_four(sums[3], xs[a + 3 * NEXT], tile);
      w++;
      a++;
    }
    for (var k = 0u; k < columns % 4; k++) {
      let weights = vec4f(ws[w][k], ws[w + NEXT][k], ws[w + 2 * NEXT][k], ws[w + 3 * NEXT][k]);
      for (var t = 0u; t < 4; t++) {
        sums[t] = fma(vec4f(xs[a + NEXT * t][k]), weights, sums[t]);
      }
    }
    workgroupBarrier();
  }
  for (var t = 0u; t < 4; t++) {
    for (var r = 0u; r < 4; r++) {
      let token = first.y + at.y + SIDE * t;
      let row = first.x + at.x + SIDE * r;
      if (token < params.M && row < params.N) {
        write(token, row, sums[t][r]);
      }
    }
  }
}
