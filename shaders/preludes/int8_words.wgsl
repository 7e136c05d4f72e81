// Integers a word of four at a time, behind weight_int8.wgsl's decoding.
@group(0) @binding(4) var<storage, read> CB: array<u32>;

fn word_at(i: u32) -> u32 {
  return CB[i];
}
