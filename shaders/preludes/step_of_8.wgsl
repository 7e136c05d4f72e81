// Weights taken eight at a time, for the storages that decode eight at once.
const STEP = 8u;

// STEP consecutive weights of a row, and those of four rows.
struct Weights { lower: vec4f, upper: vec4f }
struct Tile { lower: mat4x4f, upper: mat4x4f }

fn tile_of(a: Weights, b: Weights, c: Weights, d: Weights) -> Tile {
  return Tile(mat4x4f(a.lower, b.lower, c.lower, d.lower), mat4x4f(a.upper, b.upper, c.upper, d.upper));
}

// The products of x from its vec4 `i` on with STEP weights, summed.
fn dot_step(i: u32, weights: Weights) -> f32 {
  return dot(x[i], weights.lower) + dot(x[i + 1], weights.upper);
}

// The same with four rows: a row vector times a matrix is its dot products with the columns.
fn dot_tile(i: u32, tile: Tile) -> vec4f {
  return x[i] * tile.lower + x[i + 1] * tile.upper;
}
