// computes     y[t, n] = round([y[t, n] +] Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · bias [N] f32 · weight [N, K], each rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 8 tokens, all of K; a subgroup of eight lanes is a workgroup, each fetches one of its
//              tokens' inputs and hands them to the others
// tested by    src/gpu/matrix/tile_bits.gpu.test.ts, to the bit against the other tiles
const ROWS = vec4u(0, 1, 2, 3);

// The sums of eight tokens with a lane's rows.
struct Sums { a: mat4x4f, b: mat4x4f }

// With four more products each; `own` holds the inputs of the lane's token.
fn add(sums: Sums, own: vec4f, tile: mat4x4f) -> Sums {
  return Sums(
    mat4x4f(
      add_four(sums.a[0], subgroupBroadcast(own, 0), tile),
      add_four(sums.a[1], subgroupBroadcast(own, 1), tile),
      add_four(sums.a[2], subgroupBroadcast(own, 2), tile),
      add_four(sums.a[3], subgroupBroadcast(own, 3), tile),
    ),
    mat4x4f(
      add_four(sums.b[0], subgroupBroadcast(own, 4), tile),
      add_four(sums.b[1], subgroupBroadcast(own, 5), tile),
      add_four(sums.b[2], subgroupBroadcast(own, 6), tile),
      add_four(sums.b[3], subgroupBroadcast(own, 7), tile),
    ),
  );
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  prepare(lane);
  // Rows and tokens past the end compute a copy of the last one and write nothing: lanes shuffle only all together.
  let row = 4 * (8 * group.x + lane);
  let rows = params.first_row + min(row + ROWS, vec4u(params.N - 1));
  let w = array(row_at(rows.x), row_at(rows.y), row_at(rows.z), row_at(rows.w));
  let first = 8 * group.y;
  let token = min(first + lane, params.M - 1);
  var sums = Sums();
  if (params.K % STEP == 0) {
    for (var k = 0u; k < params.K / STEP; k++) {
      let a = fours(step_of(w[0], k));
      let b = fours(step_of(w[1], k));
      let c = fours(step_of(w[2], k));
      let d = fours(step_of(w[3], k));
      for (var i = 0u; i < STEP / 4; i++) {
        let own = x[(params.K * token + STEP * k) / 4 + i];
        sums = add(sums, own, transpose(mat4x4f(a[i], b[i], c[i], d[i])));
      }
    }
  } else {
    // Rows begin within a step, so every weight is fetched by itself.
    for (var k = 0u; k < params.K; k++) {
      let i = params.K * token + k;
      let own = x[i / 4][i % 4];
      let weights = vec4f(weight_of(w[0], k), weight_of(w[1], k), weight_of(w[2], k), weight_of(w[3], k));
      for (var t = 0u; t < 4; t++) {
        sums.a[t] = fma(vec4f(subgroupShuffle(own, t)), weights, sums.a[t]);
        sums.b[t] = fma(vec4f(subgroupShuffle(own, 4 + t)), weights, sums.b[t]);
      }
    }
  }
  let all = array(sums.a, sums.b);
  for (var t = 0u; t < min(8u, params.M - first); t++) {
    for (var r = 0u; r < 4 && row + r < params.N; r++) {
      write(first + t, row + r, all[t / 4][t % 4][r]);
    }
  }
}
