// Bounds that grow with a value and never quite reach ±softcap; put before the shaders of attention and of logits.

// softcap · tanh(value / softcap), or the value itself where softcap is 0. WGSL allows its own tanh an error of 1e-5.
fn softcapped(value: f32, softcap: f32) -> f32 {
  if (softcap == 0.0) {
    return value;
  }
  let z = value / softcap;
  let a = abs(z);
  if (a < 0.3) {
    // Its series: 1 minus a number close to 1 would lose the small ones.
    let s = z * z;
    return value * (1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0 + s * (-17.0 / 315.0 + s * (62.0 / 2835.0)))));
  }
  // Past 20 the result is ±softcap to float32 anyway.
  let e = exp(-2.0 * min(a, 20.0));
  return sign(z) * softcap * (1.0 - e) / (1.0 + e);
}
