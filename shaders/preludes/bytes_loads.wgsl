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

// Whether each row begins with a load that lies within a block.
fn loads_fit() -> bool {
  return params.K % 16 == 0 && params.block_shift >= 4;
}

fn load_of(row: Row, k: u32) -> Load {
  let at = row.first / 16 + k;
  return Load(codes[at], scales[(16 * at) >> params.block_shift]);
}
