// The sum of two float32 that are not negative, by their bits, rounded half to even; put before the shaders that must
// come to one sum everywhere: a compiler may put a sum of floats in another order, and an adapter may round it otherwise.
fn positive_sum(x: u32, y: u32) -> u32 {
  // Such floats order as their bits do.
  let large = max(x, y);
  let small = min(x, y);
  // Three more places than a float32 has: two to round by, and whether anything lies behind them.
  let exponent = max(large >> 23, 1);
  let moved = min(exponent - max(small >> 23, 1), 27);
  let wide = mantissa(small) << 3;
  let kept = wide >> moved;
  var sum = (mantissa(large) << 3) + (kept | u32((kept << moved) != wide));
  var scale = exponent - 1;
  if (sum >= 0x8000000) {
    sum = (sum >> 1) | (sum & 1);
    scale++;
  }
  let up = u32((sum & 7) + ((sum >> 3) & 1) > 4);
  // The leading place counts for one more of the exponent, and so does a carry out of the mantissa.
  return (scale << 23) + (sum >> 3) + up;
}

fn mantissa(bits: u32) -> u32 {
  return (bits & 0x7fffff) | select(0u, 0x800000u, bits >= 0x800000);
}
