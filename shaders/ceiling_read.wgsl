// computes     folded[lane] = exclusive or of all words that the lane reads
// inputs       words [n] vec4u; a workgroup reads `run` of them in a row, its lanes side by side
// output       folded [64 · groups] u32, so that no read can be left out
// invocation   run / 64 vec4u, 64 apart
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against ceiling.ts
struct Params { n: u32, run: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> words: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> folded: array<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let g = group.y * groups.x + group.x;
  let end = min((g + 1) * params.run, params.n);
  // Four sums at a time: none waits for the one before it.
  var a = vec4u();
  var b = vec4u();
  var c = vec4u();
  var d = vec4u();
  var i = g * params.run + lane;
  for (; i + 192 < end; i += 256) {
    a ^= words[i];
    b ^= words[i + 64];
    c ^= words[i + 128];
    d ^= words[i + 192];
  }
  for (; i < end; i += 64) {
    a ^= words[i];
  }
  let all = a ^ b ^ c ^ d;
  folded[g * 64 + lane] = all.x ^ all.y ^ all.z ^ all.w;
}
