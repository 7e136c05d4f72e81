// The type a Linear layer computes in; put before the shaders that round to it, behind float16.wgsl.
// 0 float32 · 1 float16 · 2 bfloat16, rounded half to even by integer arithmetic, so that every adapter agrees.
override COMPUTE_DTYPE: u32 = 0;

fn rounded_bits_bfloat16(bits: u32) -> u32 {
  return (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
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
