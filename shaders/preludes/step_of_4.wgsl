// Weights taken four at a time, for the storages that decode four at once.
const STEP = 4u;

// STEP consecutive weights of a row, and those of four rows, turned: [k] holds the rows' weights at k.
alias Weights = vec4f;
alias Tile = mat4x4f;

fn tile_of(a: Weights, b: Weights, c: Weights, d: Weights) -> Tile {
  return transpose(mat4x4f(a, b, c, d));
}

// The weights, four at a time.
fn fours(weights: Weights) -> array<vec4f, 1> {
  return array(weights);
}

// The products with those of four rows, added one after the other.
fn add_step(sums: vec4f, i: u32, tile: Tile) -> vec4f {
  return add_four(sums, x[i], tile);
}
