// The dot product of four int8 pairs, one by one: the same integers as dot4_packed.wgsl.
fn dot4(a: u32, b: u32) -> i32 {
  let x = bitcast<vec4i>(vec4u(a) << vec4u(24, 16, 8, 0)) >> vec4u(24);
  let y = bitcast<vec4i>(vec4u(b) << vec4u(24, 16, 8, 0)) >> vec4u(24);
  return x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w;
}

