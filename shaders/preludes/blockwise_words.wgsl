// 4-bit codes a word of eight at a time, behind weight_blockwise.wgsl's decoding.
// packed [N·K / 8] u32, even element in the high nibble of its byte
@group(0) @binding(4) var<storage, read> packed: array<u32>;

fn word_at(i: u32) -> u32 {
  return packed[i];
}
