// Weights taken four at a time, for the storages that decode four at once.
const STEP = 4u;

// STEP consecutive weights of a row, and those of four rows.
alias Weights = vec4f;
alias Tile = mat4x4f;

fn tile_of(a: Weights, b: Weights, c: Weights, d: Weights) -> Tile {
  return mat4x4f(a, b, c, d);
}

// The products of x from its vec4 `i` on with STEP weights, summed.
fn dot_step(i: u32, weights: Weights) -> f32 {
  return dot(x[i], weights);
}

// The same with four rows: a row vector times a matrix is its dot products with the columns.
fn dot_tile(i: u32, tile: Tile) -> vec4f {
  return x[i] * tile;
}
