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

// A step of four tokens.
fn step_inputs(tokens: vec4u, k: u32) -> Tile {
  let at = tokens + k;
  return mat4x4f(x[at.x], x[at.y], x[at.z], x[at.w]);
}

// Four tokens' sums with four rows, with the products of a step.
fn add_tile(sums: mat4x4f, inputs: Tile, tile: Tile) -> mat4x4f {
  return add_sixteen(sums, inputs, tile);
}
