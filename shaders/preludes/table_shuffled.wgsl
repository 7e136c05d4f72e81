// The sixteen values spread over the eight lanes of a subgroup, two a lane, who hand them to each other: an adapter that
// computes on the CPU permutes a register for it, and fetches nothing. Behind weight_blockwise.wgsl's decoding.
var<private> low_value: f32;
var<private> high_value: f32;

fn prepare(lane: u32) {
  low_value = code[lane];
  high_value = code[8 + lane];
}

// The value of four bits of a word. All lanes ask together.
fn value_of(word: u32, at: u32) -> f32 {
  let i = (word >> at) & 15;
  return select(subgroupShuffle(high_value, i % 8), subgroupShuffle(low_value, i % 8), i < 8);
}
