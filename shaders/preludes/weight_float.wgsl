// Weights [N, K] as the checkpoint stores them: float32, float16 or bfloat16 (DTYPE 0, 1, 2).
@group(0) @binding(4) var<storage, read> weight: array<vec2u>;

// Where a row begins: its first weight, and its first vec4 where rows are aligned.
struct Row { first: u32, step: u32 }

fn prepare(lane: u32) {}

fn row_at(n: u32) -> Row {
  let first = n * params.K;
  return Row(first, first / 4);
}

// Weights 4i to 4i + 3.
fn four(i: u32) -> vec4f {
  if (DTYPE == 0) {
    return rounded(bitcast<vec4f>(vec4u(weight[2 * i], weight[2 * i + 1])));
  }
  return rounded(four_halves(weight[i]));
}

fn step_of(row: Row, k: u32) -> Weights {
  return four(row.step + k);
}

fn weight_of(row: Row, k: u32) -> f32 {
  let i = row.first + k;
  return four(i / 4)[i % 4];
}
