// The sixteen values in workgroup memory, where lanes find them side by side; behind weight_blockwise.wgsl's decoding.
var<workgroup> table: array<f32, 16>;

fn prepare(lane: u32) {
  if (lane < 16) {
    table[lane] = code[lane];
  }
  workgroupBarrier();
}

// The value of four bits of a word. Taking bits out is often one instruction, where a shift and a mask are two.
fn value_of(word: u32, at: u32) -> f32 {
  return table[extractBits(word, at, 4)];
}
