// Stored floats four at a time, behind weight_float.wgsl's decoding.
@group(0) @binding(4) var<storage, read> weight: array<vec2u>;

// Weights 4i to 4i + 3.
fn four(i: u32) -> vec4f {
  if (DTYPE == 0) {
    return rounded(bitcast<vec4f>(vec4u(weight[2 * i], weight[2 * i + 1])));
  }
  return rounded(four_halves(weight[i]));
}
