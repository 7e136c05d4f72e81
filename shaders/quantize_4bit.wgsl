// computes     absmax[b] = max |w| of block b;  nibble = order[number of thresholds below w / absmax[b]]
// inputs       weight [n] f32, f16 or bf16 (DTYPE 0, 1, 2) · thresholds [15] f32 ascending · order [16] u32
// output       packed [n / 8] u32, even element in the high nibble of its byte · absmax [n / blocksize] u32, the bits of a float32
// invocation   1 block
// tested by    src/gpu/kernels/kernels.gpu.test.ts, byte for byte against quantizeBlockwise
struct Params { n: u32, blocksize: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(0) @binding(2) var<storage, read> thresholds: array<f32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read_write> packed: array<u32>;
@group(0) @binding(5) var<storage, read_write> absmax: array<u32>;

fn weight_bits(i: u32) -> u32 {
  return element_bits(weight[word_of(i)], i);
}

fn nibble(scaled: f32) -> u32 {
  var place = select(0u, 8u, scaled > thresholds[7]);
  place += select(0u, 4u, scaled > thresholds[place + 3]);
  place += select(0u, 2u, scaled > thresholds[place + 1]);
  place += select(0u, 1u, scaled > thresholds[place]);
  return order[place];
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = (group.y * groups.x + group.x) * 64 + lane;
  let begin = block * params.blocksize;
  if (begin >= params.n) {
    return;
  }
  let end = min(begin + params.blocksize, params.n);
  // Magnitudes of floats order as their bits do.
  var largest = 0u;
  for (var i = begin; i < end; i++) {
    largest = max(largest, weight_bits(i) & 0x7fffffff);
  }

  let own = block_absmax(largest, end - begin == params.blocksize);
  for (var first = begin; first < end; first += 8) {
    var word = 0u;
    for (var j = 0u; j < min(8u, end - first); j++) {
      let w = bitcast<f32>(weight_bits(first + j));
      word |= nibble(scaled_by(own, w)) << (8 * (j / 2) + 4 * (1 - j % 2));
    }
    if (first + 8 > end && (end - first) % 2 == 1) {
      word |= nibble(0.0) << (8 * ((end - first) / 2));
    }
    packed[first / 8] = word;
  }
  absmax[block] = stored_absmax(own);
}
