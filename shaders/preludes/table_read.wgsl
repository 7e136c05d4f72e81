// The sixteen values where they lie: an adapter that computes on the CPU has them in its cache, and pays for a barrier.
// Behind weight_blockwise.wgsl's decoding.
fn prepare(lane: u32) {}

// The value of four bits of a word, by a shift and a mask, of which such an adapter does four at a time.
fn value_of(word: u32, at: u32) -> f32 {
  return code[(word >> at) & 15];
}
