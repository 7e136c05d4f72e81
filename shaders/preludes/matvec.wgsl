// What every form of the matvec has in common: how it takes its input and writes finished sums, by way of an activation
// where it computes the first half of an MLP. Put behind input_plain.wgsl, or input_normed.wgsl for forms that normalize.
// `struct Params` has the fields of MATVEC (src/gpu/kernels/matvec_kernel.ts) and those of the storage; the host writes it.
// bias [vec4s] holds the bias, and from norm_at on a norm's weight and bias, each from a whole vec4 on.
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn raw_at(i: u32) -> f32 {
  return x[i / 4][i % 4];
}

// The inputs of a step, of which a step of four has one.
fn inputs_at(token: u32, step: u32) -> array<vec4f, 2> {
  let i = STEP / 4 * step;
  if (STEP == 4) {
    return array(input_at(token, i), vec4f());
  }
  return array(input_at(token, i), input_at(token, i + 1));
}

fn dot_step(inputs: array<vec4f, 2>, weights: Weights) -> f32 {
  let own = fours(weights);
  let sum = dot(inputs[0], own[0]);
  if (STEP == 4) {
    return sum;
  }
  return sum + dot(inputs[1], own[STEP / 4 - 1]);
}

// What a row comes to by its sum.
fn finished(row: u32, sum: f32) -> f32 {
  if (params.has_bias == 0) {
    return rounded1(sum);
  }
  let at = params.bias_row + row;
  return rounded1(sum + rounded1(bias[at / 4][at % 4]));
}

// One value of the output by the sum of its row; by `gate` activated, or activated and times that of the row `up_row` further.
fn write(token: u32, row: u32, sum: f32, up_sum: f32) {
  var value = finished(row, sum);
  if (params.gate != 0) {
    value = activated(value, params.activation);
    if (params.gate == 2) {
      value *= finished(params.up_row + row, up_sum);
    }
    value = rounded1(value);
  }
  let at = token * params.stride + params.offset + row;
  if (params.accumulate != 0) {
    y[at] += value;
  } else {
    y[at] = value;
  }
}
