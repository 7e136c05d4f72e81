// Up to eight tokens, for which a weight is decoded once; put before matvec_staged.wgsl. Each is added up as one alone is.
const TOKENS = 8u;
// Values of each that lie in workgroup memory at a time.
const CHUNK = 256u;

// Of a lane's two rows, by token.
struct Sums { upper: mat2x4f, lower: mat2x4f }

// With four more products of each row and token.
fn add_staged(sums: Sums, at: u32, upper: vec4f, lower: vec4f) -> Sums {
  var s = sums;
  s.upper[0] = add_four_tokens(s.upper[0], at, upper);
  s.lower[0] = add_four_tokens(s.lower[0], at, lower);
  if (params.M > 4) {
    s.upper[1] = add_four_tokens(s.upper[1], at + 4 * PITCH, upper);
    s.lower[1] = add_four_tokens(s.lower[1], at + 4 * PITCH, lower);
  }
  return s;
}

fn add_four_tokens(sums: vec4f, at: u32, weights: vec4f) -> vec4f {
  return vec4f(
    dot_on(sums.x, xs[at], weights),
    dot_on(sums.y, xs[at + PITCH], weights),
    dot_on(sums.z, xs[at + 2 * PITCH], weights),
    dot_on(sums.w, xs[at + 3 * PITCH], weights),
  );
}

fn keep(sums: Sums, lane: u32) {
  for (var t = 0u; t < 4; t++) {
    partial[t * LANES + lane] = vec2f(sums.upper[0][t], sums.lower[0][t]);
    partial[(t + 4) * LANES + lane] = vec2f(sums.upper[1][t], sums.lower[1][t]);
  }
}
