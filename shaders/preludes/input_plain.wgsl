// The input of a matvec as it is, normalized and rounded before.
fn input_at(token: u32, i: u32) -> vec4f {
  return x[token * (params.K / 4) + i];
}

fn input1_at(token: u32, k: u32) -> f32 {
  return raw_at(token * params.K + k);
}
