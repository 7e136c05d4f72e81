// The input of a matvec that may normalize it on the way; the form sets the two numbers.

// What is taken off a token's values before they are multiplied, and by what.
var<private> moved: f32;
var<private> scale: f32 = 1.0;

// Four of a token's values, normalized by `norm`: 0 as they are · 1 by their mean square · 2 by mean and variance.
fn input_at(token: u32, i: u32) -> vec4f {
  let value = x[token * (params.K / 4) + i];
  if (params.norm == 0) {
    return value;
  }
  let normed = (value - moved) * scale * bias[params.norm_at + i];
  if (params.norm == 1) {
    return rounded(normed);
  }
  return rounded(normed + bias[params.norm_at + (params.K + 3) / 4 + i]);
}

fn input1_at(token: u32, k: u32) -> f32 {
  let value = raw_at(token * params.K + k);
  if (params.norm == 0) {
    return value;
  }
  let normed = (value - moved) * scale * bias[params.norm_at + k / 4][k % 4];
  if (params.norm == 1) {
    return rounded1(normed);
  }
  return rounded1(normed + bias[params.norm_at + (params.K + 3) / 4 + k / 4][k % 4]);
}
