// Integers 16 bytes at a time, for forms whose lanes read side by side.
@group(0) @binding(4) var<storage, read> CB: array<vec4u>;

fn word_at(i: u32) -> u32 {
  return CB[i / 4][i % 4];
}

// The weights of a load, and whether each row begins with one.
fn load_size() -> u32 {
  return 16;
}

fn loads_fit() -> bool {
  return params.K % 16 == 0;
}

struct Load { words: vec4u, scale: f32 }

fn load_of(row: Row, k: u32) -> Load {
  return Load(CB[row.first / 16 + k], row.scale);
}

// The sums of two rows with the products of a load of each, whose inputs are staged from `at` on.
fn add_load(sums: Sums, at: u32, upper: Load, lower: Load) -> Sums {
  var s = sums;
  for (var i = 0u; i < 4; i++) {
    s = add_staged(s, at + i, four_of(upper.words[i], upper.scale), four_of(lower.words[i], lower.scale));
  }
  return s;
}
