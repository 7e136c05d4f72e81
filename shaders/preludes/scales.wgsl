// The scales of blocks; put before the shaders that declare scales, nested_absmax, nested_code and their parameters.
// 0 absmax [blocks] f32 as measured · 1 double quantization: bytes, places in nested_code [256], times
// nested_absmax [blocks / 256] f32, moved by absmax_offset; first_block: the blocks of earlier parts. Up to three matrices
// may lie one behind the other: the second begins at block_2, the third at block_3, each with its own two numbers.
override SCALES: u32 = 0;
// What a block moves its codes by, one f32 a block in the place of nested_absmax (with SCALES 0): 0 nothing ·
// 1 a zero point, taken off the code before it is scaled · 2 a minimum, added after.
override SHIFT: u32 = 0;

fn scale_of(block: u32) -> f32 {
  if (SCALES == 0) {
    return bitcast<f32>(scales[block]);
  }
  let place = (scales[block / 4] >> (8 * (block % 4))) & 255;
  var first = params.first_block;
  var offset = params.absmax_offset;
  if (block >= params.block_2) {
    first = select(params.first_block_2, params.first_block_3, block >= params.block_3);
    offset = select(params.absmax_offset_2, params.absmax_offset_3, block >= params.block_3);
  }
  return nested_code[place] * nested_absmax[(first + block) / 256] + offset;
}

// What the codes of a block are multiplied by, and its zero point or minimum.
struct Scale { by: f32, point: f32 }

fn scale_at(block: u32) -> Scale {
  if (SHIFT == 0) {
    return Scale(scale_of(block), 0.0);
  }
  return Scale(scale_of(block), nested_absmax[block]);
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
