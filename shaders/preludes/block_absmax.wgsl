// How bitsandbytes scales the values of a block by its largest magnitude: a full block multiplies by the reciprocal, a ragged
// last one divides and stores its divisor. Put behind division.wgsl.
struct BlockAbsmax { largest: u32, full: bool, divisor: f32, reciprocal: f32 }

// The bits of 1e-38, bitsandbytes' floor under absmax.
const SMALLEST_ABSMAX = 0x6ce3eeu;

// By the bits of the largest magnitude.
fn block_absmax(largest: u32, full: bool) -> BlockAbsmax {
  let divisor = max(bitcast<f32>(largest), 0x1p-126);
  return BlockAbsmax(largest, full, divisor, divide(1.0, divisor));
}

fn scaled_by(absmax: BlockAbsmax, value: f32) -> f32 {
  var scaled = value * absmax.reciprocal;
  if (!absmax.full) {
    scaled = divide(value, absmax.divisor);
  }
  return scaled;
}

// The bits that are kept.
fn stored_absmax(absmax: BlockAbsmax) -> u32 {
  return select(max(absmax.largest, SMALLEST_ABSMAX), absmax.largest, absmax.full);
}
