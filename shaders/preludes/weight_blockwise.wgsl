// Weights [N, K] as 4-bit codes: code[nibble] scaled and moved as its block says (scales.wgsl), blocks of
// 2^block_shift consecutive weights. Put behind blockwise_words.wgsl or blockwise_loads.wgsl, which hold the codes, and a table of their values
// · code [16] f32
@group(0) @binding(5) var<storage, read> code: array<f32>;
@group(0) @binding(6) var<storage, read> scales: array<u32>;
@group(0) @binding(7) var<storage, read> nested_absmax: array<f32>;
@group(0) @binding(8) var<storage, read> nested_code: array<f32>;

// Where a row begins: its first weight, and its first word where rows are aligned. Its blocks are of one matrix.
struct Row { first: u32, step: u32, nested: Nested }

fn row_at(n: u32) -> Row {
  let first = n * params.K;
  return Row(first, first / 8, nested_of(first >> params.block_shift));
}

// Four elements of a word of eight, from the byte at bit `at` on.
fn four_of(word: u32, at: u32, scale: Scale) -> vec4f {
  let v = vec4f(value_of(word, at + 4), value_of(word, at), value_of(word, at + 12), value_of(word, at + 8));
  return rounded(scaled4(v, scale));
}

// A word of eight, all of one block.
fn step_of(row: Row, k: u32) -> Weights {
  let at = row.step + k;
  let word = word_at(at);
  let scale = scale_at(row.nested, (8 * at) >> params.block_shift);
  return Weights(four_of(word, 0, scale), four_of(word, 16, scale));
}

fn weight_of(row: Row, k: u32) -> f32 {
  let i = row.first + k;
  let shift = 8 * ((i / 2) % 4) + 4 * (1 - i % 2);
  return rounded1(scaled(value_of(word_at(i / 8), shift), scale_at(row.nested, i >> params.block_shift)));
}
