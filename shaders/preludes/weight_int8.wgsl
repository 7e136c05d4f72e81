// Weights [N, K] as integers: CB · SCB / 127, four int8 a word, one scale a row, or one in all with scale_stride 0.
// Put behind int8_words.wgsl or int8_loads.wgsl, which hold the integers.
@group(0) @binding(5) var<storage, read> SCB: array<f32>;

// Where a row begins, its first weight and, where rows are aligned, its first word; and the row's scale.
struct Row { first: u32, step: u32, scale: f32 }

fn prepare(lane: u32) {}

fn row_at(n: u32) -> Row {
  let first = n * params.K;
  return Row(first, first / 4, SCB[n * params.scale_stride]);
}

// The four weights of a word. The reciprocal of 127 comes from the host: a compiler that sees a constant behind a product may
// move it past the input that the weight is multiplied by, in some forms and not in others (Mesa's does).
fn four_of(word: u32, scale: f32) -> vec4f {
  let q = bitcast<vec4i>(vec4u(word) << vec4u(24, 16, 8, 0)) >> vec4u(24);
  return rounded(vec4f(q) * scale * params.inverse_127);
}

fn step_of(row: Row, k: u32) -> Weights {
  return four_of(word_at(row.step + k), row.scale);
}

fn weight_of(row: Row, k: u32) -> f32 {
  let i = row.first + k;
  return four_of(word_at(i / 4), row.scale)[i % 4];
}
