// computes     targets[i] = the logit of wanted[i] = (row, target), where the target is among a band of the vocabulary
// inputs       wanted [W] (row, target) · logits [R, V] f32, of the V entries from `first` on
// output       targets [W] f32; those of other bands stay as they are
// invocation   1 wanted token
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against pick_targets.ts
struct Params { W: u32, V: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> wanted: array<vec2u>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read_write> targets: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  if (i >= params.W) {
    return;
  }
  let token = wanted[i];
  if (token.y >= params.first && token.y < params.first + params.V) {
    targets[i] = logits[token.x * params.V + token.y - params.first];
  }
}
