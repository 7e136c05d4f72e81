// Sums over the LANES of a workgroup; put before the shaders that share a row among them.

var<workgroup> partials: array<f32, LANES>;

// The sum of what the lanes bring: by every lane, in the order of lanes, so that all agree to the bit on any adapter.
fn group_sum(part: f32, lane: u32) -> f32 {
  // An earlier sum may still be read.
  workgroupBarrier();
  partials[lane] = part;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < LANES; i++) {
    sum += partials[i];
  }
  return sum;
}
