// The scales of blocks; put before the shaders that declare scales, nested_absmax, nested_code and their parameters.
// 0 absmax [blocks] f32 as measured · 1 double quantization: bytes, places in nested_code [256], times
// nested_absmax [bytes / 256] f32, moved by one more value of it, at absmax_offset. Up to three matrices may lie one
// behind the other, the second from block_2 on, the third from block_3: a block's byte stands as far behind its number
// as the matrix says, by first_block.
override SCALES: u32 = 0;
// What a block moves its codes by, one f32 a block in the place of nested_absmax (with SCALES 0): 0 nothing ·
// 1 a zero point, taken off the code before it is scaled · 2 a minimum, added after.
override SHIFT: u32 = 0;

// What the blocks of a matrix have in common: how far their bytes are from their numbers, and their mean.
struct Nested { first: u32, mean: f32 }

fn nested_of(block: u32) -> Nested {
  if (SCALES == 0) {
    return Nested();
  }
  var first = params.first_block;
  var offset = params.absmax_offset;
  if (block >= params.block_2) {
    first = select(params.first_block_2, params.first_block_3, block >= params.block_3);
    offset = select(params.absmax_offset_2, params.absmax_offset_3, block >= params.block_3);
  }
  return Nested(first, nested_absmax[offset]);
}

fn scale_of(nested: Nested, block: u32) -> f32 {
  if (SCALES == 0) {
    return bitcast<f32>(scales[block]);
  }
  let at = nested.first + block;
  let place = (scales[at / 4] >> (8 * (at % 4))) & 255;
  return nested_code[place] * nested_absmax[at / 256] + nested.mean;
}

// What the codes of a block are multiplied by, and its zero point or minimum.
struct Scale { by: f32, point: f32 }

fn scale_at(nested: Nested, block: u32) -> Scale {
  if (SHIFT == 0) {
    return Scale(scale_of(nested, block), 0.0);
  }
  return Scale(scale_of(nested, block), nested_absmax[block]);
}

// Four values of the codebook, as the weights that they stand for.
fn scaled4(v: vec4f, scale: Scale) -> vec4f {
  if (SHIFT == 1) {
    return (v - scale.point) * scale.by;
  }
  if (SHIFT == 2) {
    return v * scale.by + scale.point;
  }
  return v * scale.by;
}

fn scaled(value: f32, scale: Scale) -> f32 {
  return scaled4(vec4f(value), scale).x;
}
