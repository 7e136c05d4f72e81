// A float32 rounded half to even to the nearest float16, by integer arithmetic, so that every adapter agrees.
fn rounded_bits_float16(bits: u32) -> u32 {
  let sign = bits & 0x80000000;
  let magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x477ff000) { // 65520 and up round to infinity.
    return sign | max(0x7f800000, magnitude);
  }
  if (magnitude >= 0x38800000) { // Normal in float16: drop 13 bits.
    return sign | ((magnitude + 0xfff + ((magnitude >> 13) & 1)) & 0xffffe000);
  }
  let exponent = magnitude >> 23;
  if (exponent < 102) { // Below half the smallest subnormal.
    return sign;
  }
  let shift = 126 - exponent; // Subnormal in float16: whole multiples of 2^-24.
  let mantissa = (magnitude & 0x7fffff) | 0x800000;
  let units = (mantissa + (1u << (shift - 1)) - 1 + ((mantissa >> shift) & 1)) >> shift;
  return sign | bitcast<u32>(f32(units) * 0x1p-24);
}

fn float16(value: f32) -> f32 {
  return bitcast<f32>(rounded_bits_float16(bitcast<u32>(value)));
}
