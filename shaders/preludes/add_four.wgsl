// Four rows' sums with four more products of one token, tile[k] holding the rows' weights at k. Every tile form adds so,
// one product after the other, and so they all come to the same bits.
fn add_four(sums: vec4f, four: vec4f, tile: mat4x4f) -> vec4f {
  var s = fma(vec4f(four.x), tile[0], sums);
  s = fma(vec4f(four.y), tile[1], s);
  s = fma(vec4f(four.z), tile[2], s);
  return fma(vec4f(four.w), tile[3], s);
}

// The same for four tokens.
fn add_sixteen(sums: mat4x4f, inputs: mat4x4f, tile: mat4x4f) -> mat4x4f {
  return mat4x4f(
    add_four(sums[0], inputs[0], tile),
    add_four(sums[1], inputs[1], tile),
    add_four(sums[2], inputs[2], tile),
    add_four(sums[3], inputs[3], tile),
  );
}
