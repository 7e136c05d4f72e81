// x / y rounded half to even, by long division; put before the shaders that quantize: WGSL's own division may be
// 2.5 ulp off, and one ulp can move a weight across a threshold. Subnormal numbers count as zero.
fn divide(x: f32, y: f32) -> f32 {
  let a = bitcast<u32>(x);
  let b = bitcast<u32>(y);
  let divisor = (b & 0x7fffff) | 0x800000;
  var rest = (a & 0x7fffff) | 0x800000;
  var exponent = i32((a >> 23) & 0xff) - i32((b >> 23) & 0xff) + 127;
  if (rest < divisor) {
    rest <<= 1;
    exponent--;
  }
  if ((a & 0x7f800000) == 0 || exponent <= 0) {
    return 0.0;
  }
  var quotient = 0u; // 24 bits, and one more to round by.
  for (var bit = 0; bit < 25; bit++) {
    quotient <<= 1;
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
    rest <<= 1;
  }
  let up = (quotient & 1) & (u32(rest != 0) | ((quotient >> 1) & 1));
  // A carry out of the mantissa is the next exponent, as it should be.
  let magnitude = (u32(exponent) << 23) + ((quotient >> 1) & 0x7fffff) + up;
  return bitcast<f32>(magnitude | ((a ^ b) & 0x80000000));
}
