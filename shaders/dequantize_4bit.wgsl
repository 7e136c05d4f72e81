// computes     y[i] = code[nibble(i)] · scale[i / blocksize]
// inputs       packed [n / 8] u32, even element in the high nibble of its byte ·
//              absmax [n / blocksize] f32 bits, or NESTED: bytes, places in nested_code [256], scaled by
//              nested_absmax [blocks / 256] f32 and moved by absmax_offset · code [16] f32
// output       y [n] f32
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against dequantizeBlockwise
override NESTED: u32 = 0;

struct Params { n: u32, blocksize: u32, first_block: u32, absmax_offset: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> packed: array<u32>;
@group(0) @binding(2) var<storage, read> absmax: array<u32>;
@group(0) @binding(3) var<storage, read> nested_absmax: array<f32>;
@group(0) @binding(4) var<storage, read> nested_code: array<f32>;
@group(0) @binding(5) var<storage, read> code: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

// The absmax of a block: as stored, or from its 8-bit code (double quantization).
fn scale_of(block: u32) -> f32 {
  if (NESTED == 0) {
    return bitcast<f32>(absmax[block]);
  }
  let place = (absmax[block / 4] >> (8 * (block % 4))) & 255;
  return nested_code[place] * nested_absmax[(params.first_block + block) / 256] + params.absmax_offset;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  if (i >= params.n) {
    return;
  }
  let shift = 8 * ((i / 2) % 4) + 4 * (1 - i % 2);
  y[i] = code[(packed[i / 8] >> shift) & 15] * scale_of(i / params.blocksize);
}
