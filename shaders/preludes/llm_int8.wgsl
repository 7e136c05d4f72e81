// What the forms of LLM.int8() have in common: its input, products of integers, and how finished sums of them are scaled
// back and written, one at a time or four rows of the weight times four tokens.
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> columns: array<u32>;
@group(0) @binding(3) var<storage, read> CA: array<u32>;
@group(0) @binding(4) var<storage, read> SCA: array<f32>;
@group(0) @binding(5) var<storage, read> CB: array<u32>;
@group(0) @binding(6) var<storage, read> SCB: array<f32>;
@group(0) @binding(7) var<storage, read> bias: array<f32>;
@group(0) @binding(8) var<storage, read_write> y: array<f32>;

// bitsandbytes' 1 / 127², which is 1.8e-5 of itself too large (backends/default/ops.py, int8_mm_dequant).
const INVERSE_127_SQUARED = 6.200124e-5f;
const INVERSE_127 = 7.874015718698502e-3f;

// Words of a row.
fn row_words() -> u32 {
  return (params.K + 3) / 4;
}

// Weight k of a row, as the float it stands for.
fn weight1(row: u32, k: u32) -> f32 {
  let q = extractBits(bitcast<i32>(CB[row * row_words() + k / 4]), 8 * (k % 4), 8u);
  return rounded1(f32(q) * SCB[row] * INVERSE_127);
}

fn outlier_count() -> u32 {
  if (params.threshold > 0) {
    return columns[0];
  }
  return 0u;
}

// A token's word times those of four rows.
fn dots(c: u32, b: vec4u) -> vec4i {
  return vec4i(dot4(c, b.x), dot4(c, b.y), dot4(c, b.z), dot4(c, b.w));
}

// Σ_o x · weight over the outlier columns, ascending, of one token and one row.
fn outlier_sum(token: u32, row: u32) -> f32 {
  var sum = 0.0;
  let count = outlier_count();
  for (var i = 0u; i < count; i++) {
    let k = columns[1 + i];
    sum += rounded1(x[token * params.K + k]) * weight1(row, k);
  }
  return sum;
}

// The same: [t][r] of four tokens and four rows, none of them past the end.
fn outlier_sums(tokens: vec4u, rows: vec4u) -> mat4x4f {
  var sums = mat4x4f();
  let count = outlier_count();
  for (var i = 0u; i < count; i++) {
    let k = columns[1 + i];
    let w = vec4f(weight1(rows.x, k), weight1(rows.y, k), weight1(rows.z, k), weight1(rows.w, k));
    for (var t = 0; t < 4; t++) {
      sums[t] += rounded1(x[tokens[t] * params.K + k]) * w;
    }
  }
  return sums;
}

// A finished sum of integers, and what outlier columns add to it; the row counts from first_row.
fn write_one(token: u32, row: u32, sum: i32, outliers: f32) {
  var value = f32(sum) * (SCA[token] * SCB[params.first_row + row]) * INVERSE_127_SQUARED;
  if (params.has_bias != 0) {
    value += rounded1(bias[params.bias_row + row]);
  }
  value = rounded1(value);
  let at = token * params.stride + params.offset + row;
  y[at] = select(value, rounded1(value + outliers), outlier_count() > 0);
}

// Rows count from first_row; what lies past the end is a copy of the last one, and is not written.
fn write_tile(tokens: vec4u, rows: vec4u, sums: array<vec4i, 4>) {
  let last = vec4u(params.N - 1);
  let n = params.first_row + min(rows, last);
  let outliers = outlier_sums(min(tokens, vec4u(params.M - 1)), n);
  for (var t = 0; t < 4; t++) {
    for (var r = 0; r < 4; r++) {
      if (tokens[t] < params.M && rows[r] < params.N) {
        write_one(tokens[t], rows[r], sums[t][r], outliers[t][r]);
      }
    }
  }
}
