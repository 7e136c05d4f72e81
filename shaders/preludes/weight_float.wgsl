// Weights [N, K] as the checkpoint stores them: float32, float16 or bfloat16 (DTYPE 0, 1, 2). Put behind float_words.wgsl or
// float_loads.wgsl, which hold them.

// Where a row begins: its first weight, and its first vec4 where rows are aligned.
struct Row { first: u32, step: u32 }

fn prepare(lane: u32) {}

fn row_at(n: u32) -> Row {
  let first = n * params.K;
  return Row(first, first / 4);
}

fn step_of(row: Row, k: u32) -> Weights {
  return four(row.step + k);
}

fn weight_of(row: Row, k: u32) -> f32 {
  let i = row.first + k;
  return four(i / 4)[i % 4];
}
