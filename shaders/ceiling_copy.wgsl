// computes     copied[i] = words[i]
// inputs       words [n] vec4u
// output       copied [n] vec4u
// invocation   run / 64 vec4u, 64 apart
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against ceiling.ts
struct Params { n: u32, run: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> words: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> copied: array<vec4u>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let g = group.y * groups.x + group.x;
  let end = min((g + 1) * params.run, params.n);
  for (var i = g * params.run + lane; i < end; i += 64) {
    copied[i] = words[i];
  }
}
