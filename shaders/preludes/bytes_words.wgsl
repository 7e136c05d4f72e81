// 8-bit codes a word of four at a time, behind weight_bytes.wgsl's decoding.
@group(0) @binding(4) var<storage, read> codes: array<u32>;

fn word_at(i: u32) -> u32 {
  return codes[i];
}

fn prepare(lane: u32) {}

fn value_of(place: u32) -> f32 {
  return code[place];
}
