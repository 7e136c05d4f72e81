// Stored floats 16 bytes at a time, for forms whose lanes read side by side: four of 32 bits, or eight of 16.
@group(0) @binding(4) var<storage, read> weight: array<vec4u>;

alias Load = vec4u;

fn load_size() -> u32 {
  return select(8u, 4u, DTYPE == 0);
}

// Whether each row begins with a load.
fn loads_fit() -> bool {
  return params.K % load_size() == 0;
}

fn load_of(row: Row, k: u32) -> Load {
  return weight[row.first / load_size() + k];
}

fn four_of(halves: vec2u) -> vec4f {
  return rounded(four_halves(halves));
}

// Weights 4i to 4i + 3.
fn four(i: u32) -> vec4f {
  if (DTYPE == 0) {
    return rounded(bitcast<vec4f>(weight[i]));
  }
  let eight = weight[i / 2];
  return four_of(select(eight.xy, eight.zw, i % 2 == 1));
}

// The sums of two rows with the products of a load of each, whose inputs are staged from `at` on.
fn add_load(sums: Sums, at: u32, upper: Load, lower: Load) -> Sums {
  if (DTYPE == 0) {
    return add_staged(sums, at, rounded(bitcast<vec4f>(upper)), rounded(bitcast<vec4f>(lower)));
  }
  let s = add_staged(sums, at, four_of(upper.xy), four_of(lower.xy));
  return add_staged(s, at + 1, four_of(upper.zw), four_of(lower.zw));
}
