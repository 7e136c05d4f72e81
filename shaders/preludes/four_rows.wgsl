// Four rows of the weight that a lane of a matvec has from beginning to end. Put behind matvec.wgsl.
alias Rows = array<Row, 4>;

fn rows_of(rows: vec4u) -> Rows {
  return Rows(row_at(rows.x), row_at(rows.y), row_at(rows.z), row_at(rows.w));
}

fn dot_rows(inputs: array<vec4f, 2>, w: Rows, k: u32) -> vec4f {
  return vec4f(
    dot_step(inputs, step_of(w[0], k)),
    dot_step(inputs, step_of(w[1], k)),
    dot_step(inputs, step_of(w[2], k)),
    dot_step(inputs, step_of(w[3], k)),
  );
}

// Where rows begin within a step, every weight is fetched by itself.
fn unaligned_products(token: u32, w: Rows) -> vec4f {
  var sums = vec4f();
  for (var k = 0u; k < params.K; k++) {
    let weights = vec4f(weight_of(w[0], k), weight_of(w[1], k), weight_of(w[2], k), weight_of(w[3], k));
    sums += input1_at(token, k) * weights;
  }
  return sums;
}
