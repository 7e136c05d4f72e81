// computes     y[t, n] = round([y[t, n] +] Σ_k x[t, k] · weight[n, k] + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · bias [N] f32 · weight [N, K], each rounded, decoded by the prelude of its storage
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   16 rows of the weight × 8 tokens, all of K: an adapter that computes on the CPU takes as long to fetch a
//              value as for ten products, so a lane uses each as often as it can
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against matmul.ts
const FOUR = vec4u(0, 1, 2, 3);

// Four of a lane's rows; those past the end are the last one again.
fn rows_at(row: u32) -> array<Row, 4> {
  let rows = params.first_row + min(row + FOUR, vec4u(params.N - 1));
  return array(row_at(rows.x), row_at(rows.y), row_at(rows.z), row_at(rows.w));
}

fn tile_at(rows: array<Row, 4>, k: u32) -> Tile {
  return tile_of(step_of(rows[0], k), step_of(rows[1], k), step_of(rows[2], k), step_of(rows[3], k));
}

// Where four tokens begin in x; those past the end are the last one again.
fn tokens_at(token: u32) -> vec4u {
  return params.K / 4 * min(token + FOUR, vec4u(params.M - 1));
}

// The sums of four tokens and of the next four with four rows.
struct Sums { a: mat4x4f, b: mat4x4f }

fn add(sums: Sums, a: Tile, b: Tile, tile: Tile) -> Sums {
  return Sums(add_tile(sums.a, a, tile), add_tile(sums.b, b, tile));
}

// A token's sums with four rows. A loop for each way to write them: SwiftShader computes both sides of an `if`, and leaves
// out only loops without a turn.
fn write_four(token: u32, row: u32, sums: vec4f) {
  let whole = params.has_bias == 0 && params.accumulate != 0 && row + 4 <= params.N;
  let at = place_of(token, row);
  for (var turn = 0u; turn < u32(whole); turn++) {
    put_four(at, sums + vec4f(y[at], y[at + 1], y[at + 2], y[at + 3]));
  }
  for (var r = 0u; r < 4 && row + r < params.N && !whole; r++) {
    write(token, row + r, sums[r]);
  }
}

fn put_four(at: u32, values: vec4f) {
  let four = rounded(values);
  y[at] = four.x;
  y[at + 1] = four.y;
  y[at + 2] = four.z;
  y[at + 3] = four.w;
}

// Eight tokens' sums with four rows, which nothing is added to.
fn put_all(at: u32, sums: Sums) {
  put_tokens(at, sums.a);
  put_tokens(at + 4 * params.stride, sums.b);
}

fn put_tokens(at: u32, sums: mat4x4f) {
  put_four(at, sums[0]);
  put_four(at + params.stride, sums[1]);
  put_four(at + 2 * params.stride, sums[2]);
  put_four(at + 3 * params.stride, sums[3]);
}

// Where rows begin within a step, every weight is fetched by itself.
fn add_unaligned(token: u32, row: u32) {
  let w = row_at(params.first_row + row);
  for (var t = token; t < min(token + 8, params.M); t++) {
    var sum = 0.0;
    for (var k = 0u; k < params.K; k++) {
      let i = t * params.K + k;
      sum = fma(x[i / 4][i % 4], weight_of(w, k), sum);
    }
    write(t, row, sum);
  }
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  prepare(lane);
  // Few rows leave no lane without work: those of other tokens come next.
  let i = (group.y * groups.x + group.x) * 8 + lane;
  let blocks = (params.N + 15) / 16;
  let row = 16 * (i % blocks);
  let token = 8 * (i / blocks);
  if (token >= params.M) {
    return;
  }
  if (params.K % STEP != 0) {
    for (var r = row; r < min(row + 16, params.N); r++) {
      add_unaligned(token, r);
    }
    return;
  }
  let w0 = rows_at(row);
  let w1 = rows_at(row + 4);
  let w2 = rows_at(row + 8);
  let w3 = rows_at(row + 12);
  let at_a = tokens_at(token);
  let at_b = tokens_at(token + 4);
  var s0 = Sums();
  var s1 = Sums();
  var s2 = Sums();
  var s3 = Sums();
  for (var k = 0u; k < params.K / STEP; k++) {
    let a = step_inputs(at_a, k);
    let b = step_inputs(at_b, k);
    s0 = add(s0, a, b, tile_at(w0, k));
    s1 = add(s1, a, b, tile_at(w1, k));
    s2 = add(s2, a, b, tile_at(w2, k));
    s3 = add(s3, a, b, tile_at(w3, k));
  }
  // Most sums are written as they are, without looking them up in an array.
  let plain = params.has_bias == 0 && params.accumulate == 0 && row + 16 <= params.N && token + 8 <= params.M;
  let at = place_of(token, row);
  for (var turn = 0u; turn < u32(plain); turn++) {
    put_all(at, s0);
    put_all(at + 4, s1);
    put_all(at + 8, s2);
    put_all(at + 12, s3);
  }
  let all = array(s0.a, s0.b, s1.a, s1.b, s2.a, s2.b, s3.a, s3.b);
  let tokens = select(min(8u, params.M - token), 0, plain);
  for (var r = 0u; r < 4; r++) {
    for (var t = 0u; t < tokens; t++) {
      write_four(token + t, row + 4 * r, all[2 * r + t / 4][t % 4]);
    }
  }
}
