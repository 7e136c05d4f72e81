// Integers 16 bytes at a time, for forms whose lanes read side by side.
@group(0) @binding(4) var<storage, read> CB: array<vec4u>;

fn word_at(i: u32) -> u32 {
  return CB[i / 4][i % 4];
}

// Whether each row begins with a load.
fn loads_fit() -> bool {
  return params.K % 16 == 0;
}

fn load_of(row: Row, k: u32) -> Load {
  return Load(CB[row.first / 16 + k], row.scale);
}
