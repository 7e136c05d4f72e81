// computes     counts[bin] += how many weights have weight / absmax in the bin; bin i begins at -1 + 2 i / 128
// inputs       weight [n] f32, f16 or bf16 (DTYPE 0, 1, 2) · absmax [n / blocksize] f32 of quantize_4bit
// output       counts [128] u32, added to what is there, so that a matrix may come in parts
// invocation   64 weights, 64 apart; a workgroup counts 4096 in its own memory before it adds them up
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against scaledHistogram
struct Params { n: u32, blocksize: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(0) @binding(2) var<storage, read> absmax: array<f32>;
@group(0) @binding(3) var<storage, read_write> counts: array<atomic<u32>>;

const BINS = 128u;

var<workgroup> own: array<atomic<u32>, BINS>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (group.y * groups.x + group.x) * 4096 + lane;
  for (var j = 0u; j < 64; j++) {
    let i = first + 64 * j;
    if (i < params.n) {
      let w = bitcast<f32>(element_bits(weight[word_of(i)], i));
      // Edges are multiples of 1/64: the product and the floor are exact, and so is the bin.
      let place = floor(divide(w, absmax[i / params.blocksize]) * 64) + 64;
      atomicAdd(&own[min(u32(place), BINS - 1)], 1u);
    }
  }
  workgroupBarrier();
  for (var bin = lane; bin < BINS; bin += 64) {
    atomicAdd(&counts[bin], atomicLoad(&own[bin]));
  }
}
