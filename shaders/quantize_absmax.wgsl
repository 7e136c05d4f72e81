// computes     nested_absmax[j] = max |absmax[b] − mean| of the 256 blocks b of nested block j;
//              code[b] = number of midpoints below (absmax[b] − mean) / nested_absmax[j]
// inputs       absmax [blocks] f32 · midpoints [255] f32 ascending · the mean, the last of nested_absmax
// output       codes [⌈blocks / 256⌉ · 64] u32, a byte a block · nested_absmax [⌈blocks / 256⌉ + 1] u32, the bits of float32s
// invocation   1 nested block
// tested by    src/gpu/kernels/kernels.gpu.test.ts, byte for byte against quantizeAbsmax
struct Params { blocks: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> absmax: array<f32>;
@group(0) @binding(2) var<storage, read> midpoints: array<f32>;
@group(0) @binding(3) var<storage, read_write> nested_absmax: array<u32>;
@group(0) @binding(4) var<storage, read_write> codes: array<u32>;

fn nearest(x: f32) -> u32 {
  var place = 0u;
  for (var half = 128u; half > 0; half /= 2) {
    place += select(0u, half, x > midpoints[place + half - 1]);
  }
  return place;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let nested = (group.y * groups.x + group.x) * 64 + lane;
  let begin = nested * 256;
  if (begin >= params.blocks) {
    return;
  }
  let end = min(begin + 256, params.blocks);
  let mean = bitcast<f32>(nested_absmax[(params.blocks + 255) / 256]);
  // Magnitudes of floats order as their bits do.
  var largest = 0u;
  for (var i = begin; i < end; i++) {
    largest = max(largest, bitcast<u32>(absmax[i] - mean) & 0x7fffffff);
  }

  let own = block_absmax(largest, end - begin == 256);
  for (var first = begin; first < begin + 256; first += 4) {
    var word = 0u;
    for (var i = first; i < min(first + 4, end); i++) {
      word |= nearest(scaled_by(own, absmax[i] - mean)) << (8 * (i % 4));
    }
    codes[first / 4] = word;
  }
  nested_absmax[nested] = stored_absmax(own);
}
