// The type a Linear layer computes in; put before the shaders that round to it.
// 0 float32 · 1 float16 · 2 bfloat16, rounded half to even by integer arithmetic, so that every adapter agrees.
override COMPUTE_DTYPE: u32 = 0;

fn rounded_bits_bfloat16(bits: u32) -> u32 {
  return (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
}

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

fn rounded1(value: f32) -> f32 {
  switch COMPUTE_DTYPE {
    case 1: { return float16(value); }
    case 2: { return bitcast<f32>(rounded_bits_bfloat16(bitcast<u32>(value))); }
    default: { return value; }
  }
}

fn rounded(value: vec4f) -> vec4f {
  if (COMPUTE_DTYPE == 0) {
    return value;
  }
  return vec4f(rounded1(value.x), rounded1(value.y), rounded1(value.z), rounded1(value.w));
}
