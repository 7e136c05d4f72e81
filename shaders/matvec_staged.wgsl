// computes     y[t, n] = [y[t, n] +] round(Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n])), or its activation;
//              x normalized on the way where `norm` says how
// inputs       x [M, K] f32, rounded unless it is normalized here · bias [N] f32, and a norm's parameters ·
//              weight [N, K], rounded, decoded 16 bytes at a time by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   every 8th 16 bytes of 2 rows of the weight × TOKENS tokens; 8 lanes share a row and read side by side, and a
//              group stages the tokens' values, normalized and rounded once for its 16 rows
// tested by    src/gpu/matrix/decode_forms.gpu.test.ts, against matvec_kernel.ts
const SHARING = 8u;
const LANES = 64u;
const ROWS = 2 * LANES / SHARING;

// A token's staged values in vec4s. Of nine vec4s one is left empty, so that lanes 16, 32, 64 or 128 bytes apart read
// from different banks.
const PITCH = CHUNK / 4 + CHUNK / 32;
var<workgroup> xs: array<vec4f, TOKENS * PITCH>;
var<workgroup> norms: array<vec2f, TOKENS>;
var<workgroup> partial: array<vec2f, TOKENS * LANES>;

fn place(four: u32) -> u32 {
  return four + four / 8;
}

fn dot_on(sum: f32, a: vec4f, b: vec4f) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

// Four of a token's values from `k` on, as the weights meet them.
fn four_inputs(token: u32, k: u32) -> vec4f {
  if (params.K % 4 == 0) {
    return input_at(token, k / 4);
  }
  var four = vec4f();
  for (var i = 0u; i < min(4u, params.K - k); i++) {
    four[i] = input1_at(token, k + i);
  }
  return four;
}

// The group's tokens' values from `begin` on.
fn stage(first: u32, begin: u32, lane: u32) {
  let tokens = min(TOKENS, params.M - first);
  let fours = (min(CHUNK, params.K - begin) + 3) / 4;
  for (var t = 0u; t < tokens; t++) {
    moved = norms[t].x;
    scale = norms[t].y;
    for (var i = lane; i < fours; i += LANES) {
      xs[t * PITCH + place(i)] = four_inputs(first + t, begin + 4 * i);
    }
  }
}

// The weight at k among the four of a vec4, the others 0.
fn alone(weight: f32, k: u32) -> vec4f {
  return select(vec4f(), vec4f(weight), vec4u(0, 1, 2, 3) == vec4u(k % 4));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  let first = TOKENS * group.y;
  if (params.norm != 0) {
    for (var t = 0u; t < min(TOKENS, params.M - first); t++) {
      prepare_norm(first + t, lane);
      if (lane == 0) {
        norms[t] = vec2f(moved, scale);
      }
    }
  }
  // A lane's two rows are neighbours, or a row of the gate and the one of `up` that it goes with.
  let gated = params.gate == 2;
  let pair = LANES / SHARING * group.x + lane / SHARING;
  // Rows past the end compute a copy of the last one and write nothing.
  let last = params.N - 1;
  let upper = row_at(params.first_row + min(select(2 * pair, pair, gated), last));
  let lower = row_at(params.first_row + select(min(2 * pair + 1, last), params.up_row + min(pair, last), gated));
  let own = lane % SHARING;
  var sums = Sums();
  for (var begin = 0u; begin < params.K; begin += CHUNK) {
    workgroupBarrier();
    stage(first, begin, lane);
    workgroupBarrier();
    let columns = min(CHUNK, params.K - begin);
    // As many loads as all lanes have one of; then, where rows begin with a step, the steps that are left.
    let loads = select(0u, columns / (SHARING * load_size()) * SHARING, loads_fit());
    for (var k = own; k < loads; k += SHARING) {
      let at = begin / load_size() + k;
      sums = add_load(sums, place(load_size() / 4 * k), load_of(upper, at), load_of(lower, at));
    }
    if (params.K % STEP == 0) {
      for (var k = loads * load_size() / STEP + own; k < columns / STEP; k += SHARING) {
        let a = fours(step_of(upper, begin / STEP + k));
        let b = fours(step_of(lower, begin / STEP + k));
        let at = place(STEP / 4 * k);
        sums = add_staged(sums, at, a[0], b[0]);
        if (STEP == 8) {
          sums = add_staged(sums, at + 1, a[STEP / 4 - 1], b[STEP / 4 - 1]);
        }
      }
    } else {
      for (var k = own; k < columns; k += SHARING) {
        let a = alone(weight_of(upper, begin + k), k);
        sums = add_staged(sums, place(k / 4), a, alone(weight_of(lower, begin + k), k));
      }
    }
  }
  keep(sums, lane);
  workgroupBarrier();
  // One after the other, so that the sum does not depend on how many lanes an adapter runs at a time.
  for (var i = lane; i < TOKENS * ROWS; i += LANES) {
    let token = first + i / ROWS;
    let of_pair = i % 2;
    let sharers = i % ROWS / 2;
    let pair = LANES / SHARING * group.x + sharers;
    let row = select(2 * pair + of_pair, pair, gated);
    if (token >= params.M || row >= params.N || (gated && of_pair == 1)) {
      continue;
    }
    var both = vec2f();
    for (var k = 0u; k < SHARING; k++) {
      both += partial[i / ROWS * LANES + sharers * SHARING + k];
    }
    write(token, row, both[of_pair], both.y);
  }
}
