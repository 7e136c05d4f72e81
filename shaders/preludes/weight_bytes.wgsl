// Weights [N, K] as 8-bit codes: code[byte] · the scale of its block, blocks of `blocksize` consecutive weights.
// codes [N·K / 4] u32 · code [256] f32 · scales [blocks] f32
@group(0) @binding(4) var<storage, read> codes: array<u32>;
@group(0) @binding(5) var<storage, read> code: array<f32>;
@group(0) @binding(6) var<storage, read> scales: array<f32>;

// Where a row begins: its first weight, and its first word where rows are aligned.
struct Row { first: u32, step: u32 }

fn prepare(lane: u32) {}

fn row_at(n: u32) -> Row {
  let first = n * params.K;
  return Row(first, first / 4);
}

fn step_of(row: Row, k: u32) -> Weights {
  let at = row.step + k;
  let word = codes[at];
  let v = vec4f(code[word & 255], code[(word >> 8) & 255], code[(word >> 16) & 255], code[word >> 24]);
  return rounded(v * scales[at / (params.blocksize / 4)]);
}

fn weight_of(row: Row, k: u32) -> f32 {
  let i = row.first + k;
  return rounded1(code[(codes[i / 4] >> (8 * (i % 4))) & 255] * scales[i / params.blocksize]);
}
