// The type weights are stored in; put before the shaders that read checkpoints' own bytes.
// 0 float32 · 1 float16 · 2 bfloat16. By integers, because an adapter may flush float16's subnormals to zero.
override DTYPE: u32 = 0;

// The bits of the float32 that equals a float16 or bfloat16.
fn widened(half: u32) -> u32 {
  if (DTYPE == 2) {
    return half << 16;
  }
  let sign = (half & 0x8000) << 16;
  let exponent = (half >> 10) & 31;
  let mantissa = half & 0x3ff;
  if (exponent == 0) {
    return sign | bitcast<u32>(f32(mantissa) * 0x1p-24);
  }
  // Infinities and NaNs are refused before weights get here.
  return sign | ((exponent + 112) << 23) | (mantissa << 13);
}

// Where element i of a stored array begins: its word, and the bit in it.
fn word_of(i: u32) -> u32 {
  return select(i / 2, i, DTYPE == 0);
}

// The bits of element i as float32, from its word.
fn element_bits(word: u32, i: u32) -> u32 {
  if (DTYPE == 0) {
    return word;
  }
  return widened((word >> (16 * (i % 2))) & 0xffff);
}

// Four 16-bit elements from two words.
fn four_halves(pair: vec2u) -> vec4f {
  let low = pair & vec2u(0xffff);
  let high = pair >> vec2u(16);
  return bitcast<vec4f>(vec4u(widened(low.x), widened(high.x), widened(low.y), widened(high.y)));
}
