// The block that a weight belongs to; put before the shaders whose parameters have blocksize, and block_shift, the power
// of two in it.
fn block_of(i: u32) -> u32 {
  let blocks = i >> params.block_shift;
  let odd = params.blocksize >> params.block_shift;
  // A row that is a block may have any length.
  if (odd != 1) {
    return blocks / odd;
  }
  return blocks;
}
