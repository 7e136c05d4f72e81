// computes     bit k % 32 of mask[k / 32] = any token's |float16(x[t, k])| >= threshold
// inputs       x [M, K] f32
// output       mask [K / 32] u32: the columns that LLM.int8() keeps in the float path · seen [K / 32] u32: those of
//              all calls so far, for a report
// invocation   32 columns, all tokens
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against outlier_columns.ts
struct Params { M: u32, K: u32, threshold: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> seen: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = 32 * id.x;
  if (first >= params.K) {
    return;
  }
  var bits = 0u;
  for (var token = 0u; token < params.M; token++) {
    for (var j = 0u; j < min(32u, params.K - first); j++) {
      let magnitude = abs(float16(x[token * params.K + first + j]));
      bits |= select(0u, 1u << j, magnitude >= params.threshold);
    }
  }
  mask[id.x] = bits;
  seen[id.x] |= bits;
}
