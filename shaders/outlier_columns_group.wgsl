// computes     bit k % 32 of mask[k / 32] = any token's |float16(x[t, k])| >= threshold
// inputs       x [M, K] f32
// output       mask [K / 32] u32: the columns that LLM.int8() keeps in the float path · seen [K / 32] u32: those of
//              all calls so far, for a report
// invocation   LANES share 32 columns, each 1 column of every LANES / 32-th token
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against outlier_columns.ts
struct Params { M: u32, K: u32, threshold: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> seen: array<u32>;

var<workgroup> bits: atomic<u32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let word = row_of(group, groups);
  if (32 * word >= params.K) {
    return;
  }
  let column = lane % 32;
  if (32 * word + column < params.K) {
    var outlier = false;
    for (var token = lane / 32; token < params.M; token += LANES / 32) {
      outlier |= abs(float16(x[token * params.K + 32 * word + column])) >= params.threshold;
    }
    atomicOr(&bits, select(0u, 1u << column, outlier));
  }
  workgroupBarrier();
  if (lane == 0) {
    mask[word] = atomicLoad(&bits);
    seen[word] |= atomicLoad(&bits);
  }
}
