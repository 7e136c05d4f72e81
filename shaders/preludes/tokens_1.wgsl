// One token, as a generation decodes; put before matvec_staged.wgsl.
const TOKENS = 1u;
// Values of it that lie in workgroup memory at a time.
const CHUNK = 1024u;

// Of a lane's two rows.
alias Sums = vec2f;

// With four more products of each row.
fn add_staged(sums: Sums, at: u32, upper: vec4f, lower: vec4f) -> Sums {
  let four = xs[at];
  return vec2f(dot_on(sums.x, four, upper), dot_on(sums.y, four, lower));
}

fn keep(sums: Sums, lane: u32) {
  partial[lane] = sums;
}
