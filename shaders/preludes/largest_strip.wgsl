// The strip of a row whose largest logit is the row's; put behind group_largest.wgsl, before shaders that declare peaks.
fn largest_strip(first: u32, lane: u32) -> Largest {
  var own = Largest(peaks[first].x, first);
  for (var s = lane; s < params.strips; s += LANES) {
    own = larger(own, Largest(peaks[first + s].x, first + s));
  }
  return group_largest(own, lane);
}
