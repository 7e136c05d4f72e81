// The dot product of four int8 pairs by the instruction for it; dot4_unpacked.wgsl where a browser lacks it.
fn dot4(a: u32, b: u32) -> i32 {
  return dot4I8Packed(a, b);
}

