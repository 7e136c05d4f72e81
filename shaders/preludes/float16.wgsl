// A float32 rounded half to even to the nearest float16, by integer arithmetic, so that every adapter agrees. Without
// branches: lanes of one group meet large and small numbers side by side.
fn rounded_bits_float16(bits: u32) -> u32 {
  let magnitude = bits & 0x7fffffff;
  // Normal in float16: drop 13 bits.
  let normal = (magnitude + 0xfff + ((magnitude >> 13) & 1)) & 0xffffe000;
  // Subnormal in float16: whole multiples of 2^-24, which are the last places of the numbers from 0.5 on.
  let units = bitcast<u32>(bitcast<f32>(magnitude) + 0.5) - 0x3f000000;
  let small = bitcast<u32>(f32(units) * 0x1p-24);
  let finite = select(small, normal, magnitude >= 0x38800000);
  // 65520 and up round to infinity.
  return (bits & 0x80000000) | select(finite, max(0x7f800000, magnitude), magnitude >= 0x477ff000);
}

fn float16(value: f32) -> f32 {
  return bitcast<f32>(rounded_bits_float16(bitcast<u32>(value)));
}
