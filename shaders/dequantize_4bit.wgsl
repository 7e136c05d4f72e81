// computes     y[i] = code[nibble(i)] · scale[i / 2^block_shift], moved as SHIFT of scales.wgsl says
// inputs       packed [n / 8] u32, even element in the high nibble of its byte · code [16] f32 ·
//              scales, nested_absmax and nested_code as scales.wgsl reads them
// output       y [n] f32
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against dequantizeBlockwise
struct Params {
  n: u32, block_shift: u32, first_block: u32, absmax_offset: u32,
  block_2: u32, first_block_2: u32, absmax_offset_2: u32, block_3: u32, first_block_3: u32, absmax_offset_3: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> packed: array<u32>;
@group(0) @binding(2) var<storage, read> code: array<f32>;
@group(0) @binding(3) var<storage, read> scales: array<u32>;
@group(0) @binding(4) var<storage, read> nested_absmax: array<f32>;
@group(0) @binding(5) var<storage, read> nested_code: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

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
  let block = i >> params.block_shift;
  y[i] = scaled(code[(packed[i / 8] >> shift) & 15], scale_at(nested_of(block), block));
}
