// Sixteen tokens a lane, four to a matrix; put before tile.wgsl.
const TOKENS = 16u;

struct Places { a: vec4u, b: vec4u, c: vec4u, d: vec4u }
struct Inputs { a: Tile, b: Tile, c: Tile, d: Tile }
struct Sums { a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f }

fn places_of(token: u32) -> Places {
  return Places(tokens_at(token), tokens_at(token + 4), tokens_at(token + 8), tokens_at(token + 12));
}

fn inputs_of(at: Places, k: u32) -> Inputs {
  return Inputs(four_inputs(at.a, k), four_inputs(at.b, k), four_inputs(at.c, k), four_inputs(at.d, k));
}

fn add(sums: Sums, inputs: Inputs, tile: Tile) -> Sums {
  return Sums(
    add_tile(sums.a, inputs.a, tile),
    add_tile(sums.b, inputs.b, tile),
    add_tile(sums.c, inputs.c, tile),
    add_tile(sums.d, inputs.d, tile),
  );
}

fn write_sums(token: u32, row: u32, sums: Sums) {
  write_sixteen(token, row, sums.a);
  write_sixteen(token + 4, row, sums.b);
  write_sixteen(token + 8, row, sums.c);
  write_sixteen(token + 12, row, sums.d);
}
