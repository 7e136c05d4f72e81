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

// The products with those of four rows, added one after the other.
fn add_step(sums: vec4f, i: u32, tile: Tile) -> vec4f {
  return add_four(add_four(sums, x[i], tile.lower), x[i + 1], tile.upper);
}
