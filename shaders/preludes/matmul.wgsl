// What every form of the matmul has in common: its input, its bias, and how a finished sum is written.
// `struct Params` has the fields of MATMUL (src/gpu/kernels/matmul.ts) and those of the storage; the host writes it.
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn place_of(token: u32, row: u32) -> u32 {
  return token * params.stride + params.offset + row;
}

// One value of the output, of row `row` counted from first_row.
fn write(token: u32, row: u32, sum: f32) {
  var value = sum;
  if (params.has_bias != 0) {
    value += rounded1(bias[params.bias_row + row]);
  }
  let at = place_of(token, row);
  if (params.accumulate != 0) {
    value += y[at];
  }
  y[at] = rounded1(value);
}
