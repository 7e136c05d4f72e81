// 8-bit codes 16 bytes at a time, for forms whose lanes read side by side and share the table of values.
@group(0) @binding(4) var<storage, read> codes: array<vec4u>;

var<workgroup> table: array<f32, 256>;

fn word_at(i: u32) -> u32 {
  return codes[i / 4][i % 4];
}

fn prepare(lane: u32) {
  for (var i = lane; i < 256; i += LANES) {
    table[i] = code[i];
  }
  workgroupBarrier();
}

fn value_of(place: u32) -> f32 {
  return table[place];
}

// The weights of a load, and whether each row begins with one that lies within a block.
fn load_size() -> u32 {
  return 16;
}

fn loads_fit() -> bool {
  return params.K % 16 == 0 && params.block_shift >= 4;
}

struct Load { words: vec4u, scale: f32 }

fn load_of(row: Row, k: u32) -> Load {
  let at = row.first / 16 + k;
  return Load(codes[at], scales[(16 * at) >> params.block_shift]);
}

// The sums of two rows with the products of a load of each, whose inputs are staged from `at` on.
fn add_load(sums: Sums, at: u32, upper: Load, lower: Load) -> Sums {
  var s = sums;
  for (var i = 0u; i < 4; i++) {
    s = add_staged(s, at + i, four_of(upper.words[i], upper.scale), four_of(lower.words[i], lower.scale));
  }
  return s;
}
