// Weights taken eight at a time, for the storages that decode eight at once.
const STEP = 8u;

// STEP consecutive weights of a row, and those of four rows, turned: [k] holds the rows' weights at k.
struct Weights { lower: vec4f, upper: vec4f }
struct Tile { lower: mat4x4f, upper: mat4x4f }

fn tile_of(a: Weights, b: Weights, c: Weights, d: Weights) -> Tile {
  return Tile(
    transpose(mat4x4f(a.lower, b.lower, c.lower, d.lower)),
    transpose(mat4x4f(a.upper, b.upper, c.upper, d.upper)),
  );
}

// The weights, four at a time.
fn fours(weights: Weights) -> array<vec4f, 2> {
  return array(weights.lower, weights.upper);
}

// A step of four tokens.
fn step_inputs(tokens: vec4u, k: u32) -> Tile {
  let at = tokens + 2 * k;
  return Tile(
    mat4x4f(x[at.x], x[at.y], x[at.z], x[at.w]),
    mat4x4f(x[at.x + 1], x[at.y + 1], x[at.z + 1], x[at.w + 1]),
  );
}

// Four tokens' sums with four rows, with the products of a step.
fn add_tile(sums: mat4x4f, inputs: Tile, tile: Tile) -> mat4x4f {
  return add_sixteen(add_sixteen(sums, inputs.lower, tile.lower), inputs.upper, tile.upper);
}
