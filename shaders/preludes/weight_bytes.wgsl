// Weights [N, K] as 8-bit codes: code[byte] · the scale of its block, blocks of 2^block_shift consecutive weights. Put behind
// bytes_words.wgsl or bytes_loads.wgsl, which hold the codes [N·K / 4] u32 · code [256] f32 · scales [blocks] f32
@group(0) @binding(5) var<storage, read> code: array<f32>;
@group(0) @binding(6) var<storage, read> scales: array<f32>;

// Where a row begins: its first weight, and its first word where rows are aligned.
struct Row { first: u32, step: u32 }

fn row_at(n: u32) -> Row {
  let first = n * params.K;
  return Row(first, first / 4);
}

// The four weights of a word.
fn four_of(word: u32, scale: f32) -> vec4f {
  let v = vec4f(value_of(word & 255), value_of((word >> 8) & 255), value_of((word >> 16) & 255), value_of(word >> 24));
  return rounded(v * scale);
}

fn step_of(row: Row, k: u32) -> Weights {
  let at = row.step + k;
  return four_of(word_at(at), scales[(4 * at) >> params.block_shift]);
}

fn weight_of(row: Row, k: u32) -> f32 {
  let i = row.first + k;
  return rounded1(value_of((word_at(i / 4) >> (8 * (i % 4))) & 255) * scales[i >> params.block_shift]);
}
